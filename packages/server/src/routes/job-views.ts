import { type EventKind, Severity, Verdict } from '@runwarden/events'
import { z } from 'zod'
import type { App, Context } from '../context.ts'
import { notFound } from '../error.ts'
import { eventKinds, verdictBit, type View, views } from '../ingest/words.ts'
import { jobOfOrganisation } from '../views/job-list.ts'
import { matchingPage } from '../views/matching.ts'
import { rowBase, rowData } from '../views/rows.ts'
import { detectionOrder } from '../views/severities.ts'
import { timelinePage } from '../views/timeline.ts'
import { Id, Next, OfOrganisation, Page, paged } from './page.ts'

const OfJob = OfOrganisation.extend({ id: Id })

/** What each view is, as the API says it. */
const summaries: Readonly<Record<View, string>> = {
  destinations: 'Where a job connected to, or tried to.',
  dns: 'Names that a job asked for.',
  http: 'Requests whose content was read.',
  opaque: 'Encrypted traffic whose content was not read.',
  files: 'Files that a job wrote, made, deleted, renamed or read where that is watched.',
  changes: 'Files that another process than their first writer changed.',
  processes: 'Processes, parents before children.',
  sandbox: 'Changes of processes’ own confinement.',
  secrets: 'Secrets where others can read them.',
  programs: 'Programs that a job started, with their hashes and how often.',
}
/** Of its rows, in the API's description. */
const names: Readonly<Record<View, string>> = {
  destinations: 'DestinationRow',
  dns: 'DnsRow',
  http: 'HttpRow',
  opaque: 'OpaqueRow',
  files: 'FileRow',
  changes: 'ChangeRow',
  processes: 'ProcessRow',
  sandbox: 'SandboxRow',
  secrets: 'SecretRow',
  programs: 'ProgramRow',
}
const decided: ReadonlySet<View> = new Set(['destinations', 'dns', 'http'])

const RowsPage = z.object({
  limit: z.coerce.number().int().min(1).max(500).default(100),
  after: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
  /** Of a program of this step. */
  step: z.string().min(1).max(200).optional(),
  /** A part of any of its texts, whatever its case. */
  search: z.string().min(1).max(500).optional(),
})

/** The views of a job, in pages. */
export function register(app: App, context: Context): void {
  const { db, ingest } = context
  const check = (organisationId: string, id: string): void => {
    if (jobOfOrganisation(db, organisationId, id) === undefined) throw notFound('job')
  }

  for (const view of Object.keys(views) as View[]) {
    const withVerdict = decided.has(view)
    app.get(
      `/v1/orgs/:org/jobs/:id/${view}`,
      {
        config: { right: 'viewer' },
        schema: {
          summary: summaries[view],
          params: OfJob,
          querystring: withVerdict ? RowsPage.extend({ verdict: Verdict.optional() }) : RowsPage,
          response: {
            200: z.object({
              items: z.array(rowData[view].extend(rowBase).meta({ id: names[view] })),
              /** There may be more, also where a page is short: a search looks through so many rows at a time. */
              next: z.int().nullable(),
            }),
          },
        },
      },
      async ({ organisation, params: { id }, query }) => {
        check(organisation.id, id)
        const { limit, after, step = null, search = null } = query
        const verdict = (query as { verdict?: Verdict }).verdict
        const { items, next } = matchingPage(await ingest.indexer.index(), id, view, {
          after,
          limit,
          verdict: verdict === undefined ? null : verdictBit(verdict),
          step,
          search,
        })
        return { items: items as never[], next }
      },
    )
  }
  registerDetections(app, context, check)
  registerTimeline(app, context, check)
}

type Check = (organisationId: string, id: string) => void

const JobDetection = z.object({
  id: z.string(),
  /** `server`: what the server found out about the job's record. */
  source: z.enum(['agent', 'server']),
  rule: z.string(),
  severity: Severity,
  title: z.string(),
  text: z.string(),
  /** Milliseconds since 1970, with a fraction. */
  time: z.number(),
  step: z.string().nullable(),
  execId: z.string().nullable(),
  /** `seq` of the events behind it. */
  evidence: z.array(z.int()),
  /** The policy's suppression that says that it is expected. */
  suppressed: z.string().nullable(),
})
z.globalRegistry.add(JobDetection, { id: 'JobDetection' })

function registerDetections(app: App, { db }: Context, check: Check): void {
  app.get(
    '/v1/orgs/:org/jobs/:id/detections',
    {
      config: { right: 'viewer' },
      schema: {
        summary:
          'Detections of a job, and of its record: the gravest first, behind them those that are suppressed.',
        params: OfJob,
        querystring: Page,
        response: { 200: z.object({ items: z.array(JobDetection), next: Next }) },
      },
    },
    ({ organisation, params: { id }, query }) => {
      check(organisation.id, id)
      const rows = db.all<Omit<z.infer<typeof JobDetection>, 'evidence'> & { evidence: string }>(
        `SELECT id, source, rule, severity, title, text, time, step, exec_id AS execId, evidence, suppressed
         FROM detections WHERE job_id = ?1
           AND (?2 IS NULL OR (${detectionOrder}) > (SELECT ${detectionOrder} FROM detections WHERE job_id = ?1 AND id = ?2))
         ORDER BY ${detectionOrder} LIMIT ?3`,
        id,
        query.after ?? null,
        query.limit + 1,
      )
      return paged(
        rows.map((row) => Object.assign(row, { evidence: JSON.parse(row.evidence) as number[] })),
        query.limit,
      )
    },
  )
}

function registerTimeline(app: App, { ingest }: Context, check: Check): void {
  app.get(
    '/v1/orgs/:org/jobs/:id/timeline',
    {
      config: { right: 'viewer' },
      schema: {
        summary: 'All events of a job, in order.',
        params: OfJob,
        querystring: z.object({
          limit: RowsPage.shape.limit,
          after: z
            .string()
            .regex(/^\d{1,10}\.\d{1,10}$/, 'is no cursor of an answer')
            .optional(),
          /** Kinds of events, with commas. */
          kinds: z
            .string()
            .transform((text) => text.split(','))
            .pipe(z.array(z.enum(eventKinds)).max(eventKinds.length))
            .optional(),
          /** Events before this `seq` are left out. */
          from: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
          /** Of this process, or of this step, alone. */
          execId: z.string().min(1).max(200).optional(),
          step: z.string().min(1).max(200).optional(),
        }),
        response: {
          200: z.object({
            /** Of packages/events; one that the server does not know has only `seq`, `time` and `kind`. */
            items: z.array(z.looseObject({ seq: z.int(), time: z.number(), kind: z.string() })),
            /** There may be more, also where a page is empty: looking through a long job stops at some point. */
            next: Next,
            /** Segments that can't be read any more, and are left out. */
            unread: z.array(z.int()),
          }),
        },
      },
    },
    async ({ organisation, params: { id }, query }) => {
      const { limit, after = '0.0', kinds = [], from, execId = null, step = null } = query
      check(organisation.id, id)
      const [segment = 0, line = 0] = after.split('.').map(Number)
      const { items, next, unread } = await timelinePage(
        await ingest.indexer.index(),
        ingest.segments,
        id,
        { after: { segment, line }, limit, kinds: kinds as EventKind[], from, execId, step },
      )
      return {
        items: items as { seq: number; time: number; kind: string }[],
        next: next === null ? null : `${next.segment}.${next.line}`,
        unread,
      }
    },
  )
}
