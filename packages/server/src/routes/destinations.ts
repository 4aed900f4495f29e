import { Verdict } from '@runwarden/events'
import { z } from 'zod'
import type { App, Context } from '../context.ts'
import { destinationsOf, OrganisationDestination } from '../views/destinations.ts'
import { databases } from '../views/joined.ts'
import { Period, spanOf } from '../views/period.ts'
import { Line, Next, OfOrganisation, Page } from './page.ts'

const Cursor = z
  .string()
  .regex(/^\d{1,9}\.\d{1,15}$/, 'is no cursor of an answer')
  .optional()

/** Where an organisation's jobs went. */
export function register(app: App, context: Context): void {
  app.get(
    '/v1/orgs/:org/destinations',
    {
      config: { right: 'viewer' },
      schema: {
        summary: 'Hosts that jobs had to do with in a period, those of the most jobs first.',
        params: OfOrganisation,
        querystring: z.object({
          limit: Page.shape.limit,
          after: Cursor,
          period: Period,
          /** Names, or addresses whatever their names. */
          kind: z.enum(['host', 'address']).default('host'),
          /** A part of it. */
          like: Line.optional(),
          verdict: Verdict.optional(),
          /** `true`: those that were not seen before the period. */
          new: z.enum(['true', 'false']).default('false'),
        }),
        response: { 200: z.object({ items: z.array(OrganisationDestination), next: Next }) },
      },
    },
    async ({ organisation, query }) => {
      const { limit, after = '999999999.0', period, kind, like = '', verdict = null } = query
      const [jobs = 0, term = 0] = after.split('.').map(Number)
      const { items, next } = destinationsOf(await databases(context), organisation.id, {
        kind,
        from: spanOf(period, context.clock()).from,
        like,
        verdict,
        onlyNew: query.new === 'true',
        after: { jobs, term },
        limit,
      })
      return { items, next: next === null ? null : `${next.jobs}.${next.term}` }
    },
  )
}
