import { Verdict } from '@runwarden/events'
import { StoredPolicy } from '@runwarden/events/control-plane'
import { z } from 'zod'
import type { App, Context } from '../context.ts'
import type { Database } from '../db/database.ts'
import { notFound } from '../error.ts'
import { composedOf } from '../policies/composed.ts'
import { givenPolicies, linesOf, PolicyLine, Source } from '../policies/given.ts'
import { ToldPolicy, toldDocument, toldPolicies } from '../policies/told.ts'
import { jobOfOrganisation } from '../views/job-list.ts'
import { rowsOf } from '../views/pages.ts'
import type { RowData } from '../views/rows.ts'
import { Id, Line, OfOrganisation } from './page.ts'

const OfJob = OfOrganisation.extend({ id: Id })

const Applied = z.object({
  /** What its workflow asked for: a policy by a name, those that hold in the store, or neither. */
  from: z.enum(['name', 'store', 'workflow']),
  /** As the agent or the report says; null: not known yet. */
  egress: z.enum(['audit', 'block']).nullable(),
  /** Those that it was given last, as they were then, the strongest level first. */
  policies: z.array(StoredPolicy),
  /**
   * Those that its agent has put in force, the newest first: the first one and the newest nine. None: it has not said so yet, or is
   * older than that.
   */
  told: z.array(ToldPolicy),
  /** Of these, the one whose lines these are; null: they are what `policies` make together, without what the workflow itself says. */
  number: z.int().nullable(),
  /** Line by line. */
  lines: z.array(PolicyLine),
})
z.globalRegistry.add(Applied, { id: 'AppliedPolicy' })

const Recorded = z.object({
  verdict: Verdict,
  reason: z.string(),
  rule: z.string().nullable(),
  count: z.int(),
  /** Where that line comes from; null: from the workflow, the block list, no line, or it is not known. */
  source: Source.nullable(),
})
const Why = z.object({
  /** What the agent decided, and by which line. */
  recorded: z.array(Recorded),
  /** What the policy that was in force last says of it; null: it is not known, or can't be read any more. */
  explained: z
    .object({
      verdict: Verdict,
      reason: z.string(),
      rule: z.string().nullable(),
      source: Source.nullable(),
      /** Lines that nearly say something of it. */
      near: z.array(z.object({ where: z.string(), text: z.string(), why: z.string() })),
      notes: z.array(z.string()),
    })
    .nullable(),
})
z.globalRegistry.add(Why, { id: 'WhyDestination' })

/** Rows of a job's view that are looked through. */
const mostRows = 10_000

/** The document that its agent has told under a number, or else what the store's policies make together; null: there is neither. */
async function documentOf(
  db: Database,
  jobId: string,
  told: number | undefined,
  policies: readonly StoredPolicy[],
): Promise<{ text: string | null; number: number | null }> {
  const text = told === undefined ? null : await toldDocument(db, jobId, told)
  return text !== null && told !== undefined
    ? { text, number: told }
    : { text: composedOf(policies)?.text ?? null, number: null }
}

/** The policy that a job had, and why it let something pass or did not. */
export function register(app: App, { aside, db, ingest, blockLists }: Context): void {
  app.get(
    '/v1/orgs/:org/jobs/:id/policy',
    {
      config: { right: 'viewer' },
      schema: {
        summary: 'The policy that was in force on a job, and where each of its lines comes from.',
        params: OfJob,
        querystring: z.object({
          /** Of those that its agent has put in force; by default the newest. */
          number: z.coerce.number().int().min(1).optional(),
        }),
        response: { 200: Applied },
      },
    },
    async ({ organisation, params: { id }, query }) => {
      const job = jobOfOrganisation(db, organisation.id, id)
      const asked = db.get<{ from: z.infer<typeof Applied>['from'] }>(
        'SELECT policy_from AS "from" FROM jobs WHERE id = ?',
        id,
      )
      if (job === undefined || asked === undefined) throw notFound('job')
      const policies = givenPolicies(db, id)
      const told = toldPolicies(db, id)
      const wanted = query.number ?? told[0]?.number
      if (query.number !== undefined && !told.some(({ number }) => number === query.number))
        throw notFound('policy')
      const { text, number } = await documentOf(db, id, wanted, policies)
      const lines = text === null ? [] : linesOf(text, policies)
      return { from: asked.from, egress: job.egress, policies, told, number, lines }
    },
  )

  app.get(
    '/v1/orgs/:org/jobs/:id/why',
    {
      config: { right: 'viewer' },
      schema: {
        summary: 'Why a job’s connections to a destination were let through or not, line by line.',
        params: OfJob,
        querystring: z.object({
          /** A name, or an address. */
          host: Line,
          port: z.coerce.number().int().min(0).max(65_535),
          protocol: z.enum(['tcp', 'udp']).default('tcp'),
        }),
        response: { 200: Why },
      },
    },
    async ({ organisation, params: { id }, query: { host, port, protocol } }) => {
      if (jobOfOrganisation(db, organisation.id, id) === undefined) throw notFound('job')
      const policies = givenPolicies(db, id)
      const [newest] = toldPolicies(db, id)
      const composed = await documentOf(db, id, newest?.number, policies)
      const asked = { after: 0, limit: mostRows, verdict: null }
      const rows = rowsOf(
        await ingest.indexer.index(),
        id,
        'destinations',
        asked,
      ) as (RowData['destinations'] & { count: number })[]
      const recorded = rows.filter(
        (row) =>
          row.port === port &&
          row.protocol === protocol &&
          (row.host === null ? row.addresses.includes(host) : row.host === host.toLowerCase()),
      )
      const { sources, explained } = await aside.do(
        'why',
        {
          text: composed.text,
          policies,
          endpoint: `${protocol}://${host.includes(':') ? `[${host}]` : host}:${port}`,
          rules: recorded.map(({ rule }) => rule),
          blockList: blockLists.of(organisation.id).text,
        },
        { organisation: organisation.id, only: null },
      )
      return {
        recorded: recorded.map(({ verdict, reason, rule, count }, i) => ({
          verdict,
          reason,
          rule,
          count,
          source: sources[i] ?? null,
        })),
        explained,
      }
    },
  )
}
