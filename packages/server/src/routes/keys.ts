import { z } from 'zod'
import { actorOf, keyRoles } from '../auth/rights.ts'
import type { App, Context } from '../context.ts'
import { badRequest, notFound } from '../error.ts'
import { Id, OfOrganisation, Line, Next, Page, paged, Time } from './page.ts'

const Key = z.object({
  id: z.string(),
  name: z.string(),
  role: z.enum(keyRoles),
  /** Its first characters. */
  hint: z.string(),
  createdBy: z.string(),
  createdAt: Time,
  expiresAt: Time.nullable(),
  /** To the minute. */
  lastUsedAt: Time.nullable(),
  /** Jobs that were started with it and have not ended: they lose the server with the key. */
  running: z.int(),
})
z.globalRegistry.add(Key, { id: 'ApiKey' })

/** API keys of an organisation: for agents, and for programs that read or change things. */
export function register(app: App, { db, auth, clock }: Context): void {
  app.get(
    '/v1/orgs/:org/keys',
    {
      config: { right: 'admin' },
      schema: {
        summary: 'API keys, without what is secret of them.',
        params: OfOrganisation,
        querystring: Page,
        response: { 200: z.object({ items: z.array(Key), next: Next }) },
      },
    },
    ({ organisation, query }) =>
      paged(
        db.all<z.infer<typeof Key>>(
          `SELECT id, name, role, hint, created_by AS createdBy, created_at AS createdAt,
                  expires_at AS expiresAt, last_used_at AS lastUsedAt,
                  (SELECT count(DISTINCT jobs.id) FROM job_tokens JOIN jobs ON jobs.id = job_id
                   WHERE key_id = api_keys.id AND finished_at IS NULL) AS running
           FROM api_keys WHERE organisation_id = ? AND id > ? ORDER BY id LIMIT ?`,
          organisation.id,
          query.after ?? '',
          query.limit + 1,
        ),
        query.limit,
      ),
  )

  app.post(
    '/v1/orgs/:org/keys',
    {
      config: { right: 'admin' },
      schema: {
        summary: 'Makes an API key. It is shown this once.',
        params: OfOrganisation,
        body: z.object({
          name: Line,
          role: z.enum(keyRoles),
          expiresAt: Time.nullable().default(null),
        }),
        response: { 200: z.object({ id: z.string(), key: z.string() }) },
      },
    },
    ({ organisation, body, identity, ip }) => {
      if (body.expiresAt !== null && body.expiresAt <= clock())
        throw badRequest('body', 'expiresAt', 'is not in the future')
      return db.transaction(() => {
        const createdBy = actorOf(identity)
        const { id, secret } = auth.createKey({ organisation, createdBy, ...body })
        auth.audit(identity, {
          organisationId: organisation.id,
          action: 'key.create',
          subject: body.name,
          detail: { id, role: body.role, expiresAt: body.expiresAt },
          address: ip,
        })
        return { id, key: secret }
      })
    },
  )

  app.delete(
    '/v1/orgs/:org/keys/:key',
    {
      config: { right: 'admin' },
      schema: {
        summary:
          'Takes an API key back; from now on it is not valid, nor are the tokens of jobs that it has started.',
        params: OfOrganisation.extend({ key: Id }),
        response: { 204: z.null() },
      },
    },
    ({ organisation, params, identity, ip }, reply) =>
      db.transaction(() => {
        const gone = db.get<{ name: string }>(
          'DELETE FROM api_keys WHERE organisation_id = ? AND id = ? RETURNING name',
          organisation.id,
          params.key,
        )
        if (gone === undefined) throw notFound('key')
        auth.audit(identity, {
          organisationId: organisation.id,
          action: 'key.delete',
          subject: gone.name,
          detail: { id: params.key },
          address: ip,
        })
        void reply.code(204)
        return null
      }),
  )
}
