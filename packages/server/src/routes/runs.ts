import { Severity, Verdict } from '@runwarden/events'
import { z } from 'zod'
import type { App, Context } from '../context.ts'
import { notFound } from '../error.ts'
import { databases } from '../views/joined.ts'
import { jobsOfRun, Run, RunJob, runIds, runOf } from '../views/runs.ts'
import { Id, Line, Next, OfOrganisation, Page, paged, Time } from './page.ts'

const time = z.coerce.number().pipe(Time).optional()

/** Runs of workflows: the jobs of one run of GitHub's, together. */
export function register(app: App, context: Context): void {
  app.get(
    '/v1/orgs/:org/runs',
    {
      config: { right: 'viewer' },
      schema: {
        summary:
          'Runs of workflows, the newest first; with a filter those that have a job like that.',
        params: OfOrganisation,
        querystring: Page.extend({
          /** `owner/name` */
          repository: Line.optional(),
          workflow: Line.optional(),
          /** `refs/heads/main` */
          ref: Line.optional(),
          /** A run’s id at GitHub, and which attempt at it. */
          run: Line.optional(),
          attempt: Line.optional(),
          verdict: Verdict.optional(),
          /** A detection’s id of docs/rules.md. */
          detection: Line.optional(),
          severity: Severity.optional(),
          egress: z.enum(['audit', 'block']).optional(),
          state: Run.shape.state.optional(),
          /** Of their start, milliseconds since 1970. */
          from: time,
          to: time,
        }),
        response: { 200: z.object({ items: z.array(Run), next: Next }) },
      },
    },
    async ({ organisation, query: { limit, after = '~', ...filter } }) => {
      const dbs = await databases(context)
      const ids = runIds(dbs, organisation.id, filter, { before: after, limit: limit + 1 })
      const page = paged(
        ids.map((id) => ({ id })),
        limit,
      )
      return {
        items: page.items.flatMap(({ id }) => runOf(dbs, organisation.id, id) ?? []),
        next: page.next,
      }
    },
  )

  app.get(
    '/v1/orgs/:org/runs/:id',
    {
      config: { right: 'viewer' },
      schema: {
        summary: 'The run that a job is of, and its jobs in the order of their start.',
        params: OfOrganisation.extend({ id: Id }),
        querystring: Page,
        response: { 200: z.object({ run: Run, items: z.array(RunJob), next: Next }) },
      },
    },
    async ({ organisation, params: { id }, query: { limit, after = '' } }) => {
      const dbs = await databases(context)
      const run = runOf(dbs, organisation.id, id)
      if (run === undefined) throw notFound('run')
      const jobs = jobsOfRun(dbs, organisation.id, id, { after, limit: limit + 1 })
      return { run, ...paged(jobs, limit) }
    },
  )
}
