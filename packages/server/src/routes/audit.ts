import { z } from 'zod'
import type { App, Context } from '../context.ts'
import { OfOrganisation, Next, Page, paged, Time } from './page.ts'

const Entry = z.object({
  id: z.string(),
  at: Time,
  /** `user octocat`, `key deploy` */
  actor: z.string(),
  /** Of that person or key, by which namesakes are told apart; null: it has none, or was not kept then. */
  actorId: z.string().nullable(),
  /** `key.create` */
  action: z.string(),
  subject: z.string(),
  detail: z.record(z.string(), z.unknown()),
  address: z.string().nullable(),
})
type Entry = z.infer<typeof Entry>
z.globalRegistry.add(Entry, { id: 'AuditEntry' })
const Entries = z.object({ items: z.array(Entry), next: Next })

/** Who changed what, newest first. Nothing changes or deletes an entry. */
export function register(app: App, { db }: Context): void {
  /** null: of the server itself */
  const entries = (organisationId: string | null, { limit, after }: z.infer<typeof Page>) => {
    const rows = db.all<Omit<Entry, 'detail'> & { detail: string }>(
      `SELECT id, at, actor, actor_id AS actorId, action, subject, detail, address FROM audit
       WHERE organisation_id IS ? AND id < ? ORDER BY id DESC LIMIT ?`,
      organisationId,
      after ?? '~',
      limit + 1,
    )
    return paged(
      rows.map((row) => Object.assign(row, { detail: JSON.parse(row.detail) as Entry['detail'] })),
      limit,
    )
  }

  app.get(
    '/v1/orgs/:org/audit',
    {
      config: { right: 'admin' },
      schema: {
        summary: 'Who changed what in an organisation, newest first.',
        params: OfOrganisation,
        querystring: Page,
        response: { 200: Entries },
      },
    },
    ({ organisation, query }) => entries(organisation.id, query),
  )

  app.get(
    '/v1/audit',
    {
      config: { right: 'operator' },
      schema: {
        summary: 'Who changed what of the server itself, newest first.',
        querystring: Page,
        response: { 200: Entries },
      },
    },
    ({ query }) => entries(null, query),
  )
}
