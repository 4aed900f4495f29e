import { Verdict } from '@runwarden/events'
import { StoredPolicy } from '@runwarden/events/control-plane'
import { explain, parseBlockList, parseEndpoint, PolicyError } from '@runwarden/policy'
import { parsePolicy } from '@runwarden/policy/document'
import { z } from 'zod'
import type { App, Context } from '../context.ts'
import { badRequest, notFound } from '../error.ts'
import { composedOf } from '../policies/composed.ts'
import { givenPolicies, linesOf, PolicyLine, Source, sourceOf } from '../policies/given.ts'
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
  /** What these make together, line by line; what the workflow itself says stands before it, and is not known here. */
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
  /** What the store's policies say of it now that they are put together again; null: the job has none. */
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

/** The policy that a job had, and why it let something pass or did not. */
export function register(app: App, { db, ingest, blockLists }: Context): void {
  app.get(
    '/v1/orgs/:org/jobs/:id/policy',
    {
      config: { right: 'viewer' },
      schema: {
        summary:
          'The policies that a job was given, and where each line of what they make comes from.',
        params: OfJob,
        response: { 200: Applied },
      },
    },
    ({ organisation, params: { id } }) => {
      const job = jobOfOrganisation(db, organisation.id, id)
      const asked = db.get<{ from: z.infer<typeof Applied>['from'] }>(
        'SELECT policy_from AS "from" FROM jobs WHERE id = ?',
        id,
      )
      if (job === undefined || asked === undefined) throw notFound('job')
      const policies = givenPolicies(db, organisation.id, id)
      const composed = composedOf(policies)
      const lines = composed === null ? [] : linesOf(composed, policies)
      return { from: asked.from, egress: job.egress, policies, lines }
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
      const policies = givenPolicies(db, organisation.id, id)
      const composed = composedOf(policies)
      const lines = composed === null ? [] : linesOf(composed, policies)
      const asked = { after: 0, limit: mostRows, verdict: null }
      const rows = rowsOf(
        await ingest.indexer.index(),
        id,
        'destinations',
        asked,
      ) as (RowData['destinations'] & { count: number })[]
      const recorded = rows
        .filter(
          (row) =>
            row.port === port &&
            row.protocol === protocol &&
            (row.host === null ? row.addresses.includes(host) : row.host === host.toLowerCase()),
        )
        .map(({ verdict, reason, rule, count }) => ({
          verdict,
          reason,
          rule,
          count,
          source: sourceOf(rule, lines),
        }))
      if (composed === null) return { recorded, explained: null }
      const text = `${protocol}://${host.includes(':') ? `[${host}]` : host}:${port}`
      try {
        const list = parseBlockList(blockLists.of(organisation.id).text, 'block list')
        const { verdict, reason, rule, near, notes } = explain(
          parsePolicy(composed.text, composed.name),
          parseEndpoint(text),
          list,
        )
        const source = sourceOf(rule, lines)
        return {
          recorded,
          explained: { verdict, reason, rule, source, near: [...near], notes: [...notes] },
        }
      } catch (error) {
        if (error instanceof PolicyError) throw badRequest('query', 'host', error.message)
        throw error
      }
    },
  )
}
