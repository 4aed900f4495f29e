import { promisify } from 'node:util'
import { zstdDecompress } from 'node:zlib'
import { Report } from '@runwarden/events'
import { z } from 'zod'
import type { App, Context } from '../context.ts'
import { HttpError, notFound } from '../error.ts'
import { insightsUrl } from '../ingest/job-row.ts'
import { noTotals, type Totals } from '../ingest/totals.ts'
import { views } from '../ingest/words.ts'
import { Job, jobOfOrganisation, listJobs } from '../views/job-list.ts'
import { Id, Next, OfOrganisation, Page, paged } from './page.ts'

const unpackReport = promisify(zstdDecompress)

const OfJob = OfOrganisation.extend({ id: Id })
const line = z.string().min(1).max(200)

const Summary = Job.extend({
  insightsUrl: z.string().nullable(),
  hasReport: z.boolean(),
  /** What was acknowledged, and what of it is in the views. */
  segments: z.object({ acknowledged: z.int(), indexed: z.int(), last: z.int(), bytes: z.int() }),
  totals: z.object({
    events: z.int(),
    firstTime: z.number().nullable(),
    lastTime: z.number().nullable(),
    byKind: z.record(z.string(), z.int()),
    /** Of acts (attempts, queries, requests), loopback left out. */
    byVerdict: z.record(z.string(), z.int()),
    /** How many rows each view has. */
    rows: z.partialRecord(z.enum(Object.keys(views) as [keyof typeof views]), z.int()),
    /** Kept, but not understood by this version of the server. */
    notUnderstood: z.int(),
  }),
})
z.globalRegistry.add(Summary, { id: 'JobSummary' })

/** Jobs, and what is known of each. */
export function register(app: App, { db, ingest, url }: Context): void {
  app.get(
    '/v1/orgs/:org/jobs',
    {
      config: { right: 'viewer' },
      schema: {
        summary: 'Jobs, the newest first.',
        params: OfOrganisation,
        querystring: Page.extend({
          /** `owner/name` */
          repository: line.optional(),
          /** A run's id at GitHub. */
          run: line.optional(),
        }),
        response: { 200: z.object({ items: z.array(Job), next: Next }) },
      },
    },
    ({ organisation, query: { limit, after = '~', repository = null, run = null } }) =>
      paged(
        listJobs(db, organisation.id, { repository, run, before: after, limit: limit + 1 }),
        limit,
      ),
  )

  app.get(
    '/v1/orgs/:org/jobs/:id',
    {
      config: { right: 'viewer' },
      schema: {
        summary: 'A job’s summary.',
        params: OfJob,
        response: { 200: Summary },
      },
    },
    async ({ organisation, params: { id } }) => {
      const index = await ingest.indexer.index()
      const job = jobOfOrganisation(db, organisation.id, id)
      const more = db.get<{
        acknowledged: number
        last: number
        bytes: number
        hasReport: number
      }>(
        `SELECT segments AS acknowledged, last_sequence AS last, bytes, report IS NOT NULL AS hasReport
         FROM jobs WHERE id = ?`,
        id,
      )
      if (job === undefined || more === undefined) throw notFound('job')
      const indexed = index.get<{ totals: string; segments: number }>(
        'SELECT totals, (SELECT count(*) FROM segments WHERE job = number) AS segments FROM jobs WHERE id = ?',
        id,
      )
      const { acknowledged, last, bytes } = more
      return {
        ...job,
        insightsUrl: insightsUrl(url(), { repository: job.repository, run_id: job.runId }),
        hasReport: more.hasReport === 1,
        segments: { acknowledged, indexed: indexed?.segments ?? 0, last, bytes },
        totals: indexed === undefined ? noTotals() : (JSON.parse(indexed.totals) as Totals),
      }
    },
  )

  app.get(
    '/v1/orgs/:org/jobs/:id/report',
    {
      config: { right: 'viewer' },
      schema: {
        summary: 'The report that the job’s agent made at its end.',
        params: OfJob,
        response: { 200: Report },
      },
    },
    async ({ organisation, params: { id } }, reply) => {
      const found = db.get<{ report: Uint8Array | null }>(
        'SELECT report FROM jobs WHERE organisation_id = ? AND id = ?',
        organisation.id,
        id,
      )
      if (found === undefined) throw notFound('job')
      if (found.report === null)
        throw new HttpError(404, 'no-report', 'the job has not finished: it has no report yet')
      void reply.type('application/json; charset=utf-8')
      // The JSON of a report, which was checked when it came.
      return reply.send((await unpackReport(found.report)) as unknown as Report)
    },
  )
}
