import { z } from 'zod'
import type { App, Context } from '../context.ts'
import { Next, OfOrganisation, Page, paged, Time } from './page.ts'

const text = z.string().nullable()
const Agent = z.object({
  /** Of its last job. */
  id: z.string(),
  runnerName: text,
  runnerEnvironment: text,
  runnerOs: text,
  runnerArch: text,
  /** Of the last report; null: none has come yet. */
  version: text,
  tier: text,
  armed: z.boolean().nullable(),
  lastSeen: Time,
  jobs: z.int(),
})
z.globalRegistry.add(Agent, { id: 'SeenAgent' })

/** Machines that agents were heard from. */
export function register(app: App, { db }: Context): void {
  app.get(
    '/v1/orgs/:org/agents',
    {
      config: { right: 'viewer' },
      schema: {
        summary: 'Machines whose agents were heard, by the newest of their jobs.',
        params: OfOrganisation,
        querystring: Page,
        response: { 200: z.object({ items: z.array(Agent), next: Next }) },
      },
    },
    ({ organisation, query: { limit, after = '~' } }) => {
      const found = db.all<Omit<z.infer<typeof Agent>, 'armed'> & { armed: number | null }>(
        `SELECT j.id, runner_name AS runnerName, runner_environment AS runnerEnvironment, runner_os AS runnerOs,
                runner_arch AS runnerArch, tier, armed, lastSeen, many AS jobs,
                (SELECT version FROM job_modes JOIN jobs o ON o.id = job_id
                 WHERE o.organisation_id = j.organisation_id AND o.runner_name IS j.runner_name AND version IS NOT NULL
                   AND o.id <= j.id AND o.id >= first ORDER BY o.id DESC LIMIT 1) AS version
         FROM (SELECT max(id) AS last, min(id) AS first, max(heard_at) AS lastSeen, count(*) AS many FROM jobs
               WHERE organisation_id = ? GROUP BY runner_name, runner_environment, runner_os, runner_arch)
           JOIN jobs j ON j.id = last
         WHERE last < ? ORDER BY last DESC LIMIT ?`,
        organisation.id,
        after,
        limit + 1,
      )
      const { items, next } = paged(found, limit)
      return {
        items: items.map((one) =>
          Object.assign(one, { armed: one.armed === null ? null : one.armed === 1 }),
        ),
        next,
      }
    },
  )
}
