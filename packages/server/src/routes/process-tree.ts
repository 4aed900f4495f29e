import { z } from 'zod'
import type { App, Context } from '../context.ts'
import { badRequest, notFound } from '../error.ts'
import { jobOfOrganisation } from '../views/job-list.ts'
import { databases } from '../views/joined.ts'
import { type TreeAsked, treeOf, TreeProcess } from '../views/process-tree.ts'
import { Id, OfOrganisation } from './page.ts'

const ExecId = z.string().min(1).max(200)

/** A job's processes as a tree, branch by branch. */
export function register(app: App, context: Context): void {
  app.get(
    '/v1/orgs/:org/jobs/:id/process-tree',
    {
      config: { right: 'viewer' },
      schema: {
        summary:
          'Processes of a job with what each did: those without a parent, the children of one, one with its ancestors, or a search.',
        params: OfOrganisation.extend({ id: Id }),
        querystring: z.object({
          /** An `execId`: its children. */
          parent: ExecId.optional(),
          /** An `execId`: it, and those that it came from, the first of them first. */
          line: ExecId.optional(),
          /** A part of a program or an argument, whatever its case. */
          search: z.string().min(1).max(500).optional(),
          limit: z.coerce.number().int().min(1).max(500).default(100),
          after: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
        }),
        response: {
          200: z.object({ items: z.array(TreeProcess), next: z.int().nullable() }),
        },
      },
    },
    async ({ organisation, params: { id }, query: { parent, line, search, ...page } }) => {
      if (jobOfOrganisation(context.db, organisation.id, id) === undefined) throw notFound('job')
      const asked: TreeAsked[] = [
        ...(parent === undefined ? [] : [{ of: 'children' as const, execId: parent }]),
        ...(line === undefined ? [] : [{ of: 'line' as const, execId: line }]),
        ...(search === undefined ? [] : [{ of: 'search' as const, text: search }]),
      ]
      if (asked.length > 1)
        throw badRequest('query', 'parent', 'only one of parent, line and search can be asked for')
      return treeOf(await databases(context), id, asked[0] ?? { of: 'roots' }, page)
    },
  )
}
