import { z } from 'zod'
import type { App, Context } from '../context.ts'
import { databases } from '../views/joined.ts'
import { Period, spanOf } from '../views/period.ts'
import { RepositoryItem, repositoriesOf, repositoryNames } from '../views/repositories.ts'
import { Line, OfOrganisation } from './page.ts'

/** Repositories whose jobs were seen. */
export function register(app: App, context: Context): void {
  app.get(
    '/v1/orgs/:org/repositories',
    {
      config: { right: 'viewer' },
      schema: {
        summary: 'Repositories with jobs, by their names.',
        params: OfOrganisation,
        querystring: z.object({
          limit: z.coerce.number().int().min(1).max(100).default(50),
          /** `next` of the answer before. */
          after: Line.optional(),
          /** A part of their names. */
          like: Line.optional(),
          period: Period,
        }),
        response: {
          200: z.object({ items: z.array(RepositoryItem), next: z.string().nullable() }),
        },
      },
    },
    async ({ organisation, query: { limit, after = '', like = '', period } }) => {
      const dbs = await databases(context)
      const asked = { after, like, limit: limit + 1 }
      const names = repositoryNames(dbs, organisation.id, asked)
      const page = names.slice(0, limit)
      const { from } = spanOf(period, context.clock())
      return {
        items: repositoriesOf(dbs, organisation.id, page, from),
        next: names.length > limit ? (page.at(-1) ?? null) : null,
      }
    },
  )
}
