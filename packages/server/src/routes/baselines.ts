import { parseBlockList } from '@runwarden/policy'
import { z } from 'zod'
import { baselineOf } from '../baselines/baseline.ts'
import { Comparing } from '../baselines/compare.ts'
import { pastJobs, Window } from '../baselines/past-jobs.ts'
import { recommendation } from '../baselines/recommendation.ts'
import type { App, Context } from '../context.ts'
import { checkPolicy } from '../policies/check.ts'
import { simulateJobs } from '../policies/simulate.ts'
import { Id, OfOrganisation, Time } from './page.ts'

const Seen = z.object({ jobId: Id, at: Time })
z.globalRegistry.add(Seen, { id: 'BaselineSeen' })
const Program = z.object({ exe: z.string().nullable(), step: z.string().nullable(), runs: z.int() })

const Baseline = z.object({
  /** Finished jobs of the window, and since when. */
  runs: z.int(),
  since: Time.nullable(),
  /** How many of the newest jobs in a row reached nothing that none of the window had reached before. */
  settledRuns: z.int(),
  state: z.enum(['stable', 'unstable']),
  destinations: z.array(
    z.object({
      host: z.string().nullable(),
      addresses: z.array(z.string()),
      port: z.int(),
      protocol: z.string(),
      verdicts: z.array(z.string()),
      runs: z.int(),
      first: Seen,
      last: Seen,
      programs: z.array(Program),
    }),
  ),
  /** Jobs that had more destinations than are looked at. */
  truncatedRuns: z.int(),
})
z.globalRegistry.add(Baseline, { id: 'Baseline' })

const Recommendation = z.object({
  /** A document of docs/policy.md, YAML. */
  text: z.string(),
  runs: z.int(),
  state: z.enum(['stable', 'unstable']),
  evidence: z.array(
    z.object({
      host: z.string(),
      port: z.int(),
      protocol: z.string(),
      runs: z.int(),
      jobIds: z.array(Id),
      first: Seen,
      last: Seen,
      steps: z.array(z.string()),
      programs: z.array(z.string()),
      /** The hosts that a wildcard stands for. */
      names: z.array(z.string()),
    }),
  ),
})
z.globalRegistry.add(Recommendation, { id: 'RecommendedPolicy' })

const Simulation = z.object({
  summary: z.string(),
  runs: z.int(),
  refusedRuns: z.int(),
  refused: z.array(
    z.object({
      host: z.string(),
      /** null: it was only looked up. */
      port: z.int().nullable(),
      protocol: z.string().nullable(),
      verdict: z.string(),
      reason: z.string(),
      rule: z.string().nullable(),
      was: z.array(z.string()),
      runs: z.int(),
      jobIds: z.array(Id),
    }),
  ),
  truncatedRuns: z.int(),
  warnings: z.array(z.string()),
})
z.globalRegistry.add(Simulation, { id: 'PolicySimulation' })

/** What jobs have reached so far, and what follows from it. */
export function register(app: App, context: Context): void {
  const { aside, db, clock, ingest, blockLists } = context
  new Comparing(context).start()
  app.get(
    '/v1/orgs/:org/baseline',
    {
      config: { right: 'viewer' },
      schema: {
        summary:
          'What the jobs of a window have reached: of a job, a repository, or the organisation.',
        params: OfOrganisation,
        querystring: Window,
        response: { 200: Baseline },
      },
    },
    async ({ organisation, query }) => {
      const jobs = pastJobs(db, organisation.id, query, { now: clock() })
      const { destinations, ...baseline } = await baselineOf(await ingest.indexer.index(), jobs)
      return { ...baseline, destinations: destinations.map(({ jobIds: _jobIds, ...one }) => one) }
    },
  )
  app.get(
    '/v1/orgs/:org/recommendation',
    {
      config: { right: 'viewer' },
      schema: {
        summary:
          'The smallest policy that the jobs of a window would have needed, with the evidence for each line.',
        params: OfOrganisation,
        querystring: Window,
        response: { 200: Recommendation },
      },
    },
    async ({ organisation, query }) => {
      const jobs = pastJobs(db, organisation.id, query, { now: clock() })
      const baseline = await baselineOf(await ingest.indexer.index(), jobs)
      return { ...recommendation(baseline), runs: baseline.runs, state: baseline.state }
    },
  )
  app.post(
    '/v1/orgs/:org/policy-simulations',
    {
      config: { right: 'viewer' },
      schema: {
        summary: 'What a policy would have refused in past jobs, before it is saved.',
        params: OfOrganisation,
        body: z.object({ text: z.string(), window: Window.prefault({}) }),
        response: { 200: Simulation },
      },
    },
    async ({ organisation, body }) => {
      const { text } = body
      await aside.do(
        'check',
        { text, name: 'policy' },
        { organisation: organisation.id, only: null },
      )
      const list = parseBlockList(blockLists.of(organisation.id).text, 'block list')
      const compiled = checkPolicy(text, 'policy', list)
      const jobs = pastJobs(db, organisation.id, body.window, { now: clock() })
      const simulation = await simulateJobs(await ingest.indexer.index(), jobs, compiled)
      return { ...simulation, warnings: [...compiled.warnings] }
    },
  )
}
