import { z } from 'zod'
import type { App, Context } from '../context.ts'
import { databases } from '../views/joined.ts'
import { Overview, overviewOf } from '../views/overview.ts'
import { Period, spanOf } from '../views/period.ts'
import { OfOrganisation } from './page.ts'

/** How an organisation fares. */
export function register(app: App, context: Context): void {
  app.get(
    '/v1/orgs/:org/overview',
    {
      config: { right: 'viewer' },
      schema: {
        summary: 'What an organisation’s jobs did in a period, and what was not watched.',
        params: OfOrganisation,
        querystring: z.object({ period: Period }),
        response: { 200: Overview },
      },
    },
    async ({ organisation, query: { period } }) =>
      overviewOf(await databases(context), organisation.id, spanOf(period, context.clock())),
  )
}
