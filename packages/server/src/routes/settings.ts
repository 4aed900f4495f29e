import { z } from 'zod'
import type { App, Context } from '../context.ts'
import { notFound } from '../error.ts'
import { hashSecret } from '../auth/secret.ts'
import { cookieOf } from '../auth/cookies.ts'
import { OfOrganisation, Time } from './page.ts'

const Retention = z.object({
  /** Jobs are deleted after that; 0: never. */
  days: z.number(),
  /** Bytes of all organisations’ events, of which the oldest jobs go; 0: no bound. */
  size: z.number(),
  /** Of this organisation’s events, bytes, and since when there are jobs. */
  used: z.int(),
  jobs: z.int(),
  oldest: Time.nullable(),
})
z.globalRegistry.add(Retention, { id: 'Retention' })

const Session = z.object({
  id: z.string(),
  createdAt: Time,
  expiresAt: Time,
  /** The one that asks. */
  isCurrent: z.boolean(),
})
z.globalRegistry.add(Session, { id: 'Session' })

/** What is set up, for those who use it. */
export function register(app: App, { auth, clock, config, db }: Context): void {
  app.get(
    '/v1/orgs/:org/retention',
    {
      config: { right: 'viewer' },
      schema: {
        summary: 'How long jobs are kept, and how much there is.',
        params: OfOrganisation,
        response: { 200: Retention },
      },
    },
    ({ organisation }) => {
      const used = db.get<Pick<z.infer<typeof Retention>, 'used' | 'jobs' | 'oldest'>>(
        `SELECT coalesce(sum(bytes), 0) AS used, count(*) AS jobs, min(started_at) AS oldest FROM jobs
         WHERE organisation_id = ?`,
        organisation.id,
      ) ?? { used: 0, jobs: 0, oldest: null }
      return { days: config.retentionDays, size: config.retentionSize, ...used }
    },
  )

  app.get(
    '/v1/me/sessions',
    {
      config: { right: 'signed-in' },
      schema: {
        summary: 'Where the person who asks is signed in.',
        response: { 200: z.object({ items: z.array(Session) }) },
      },
    },
    (request) => {
      const { identity } = request
      if (identity.kind !== 'user') return { items: [] }
      const current = hashSecret(cookieOf(request, 'runwarden-session') ?? '')
      const found = db.all<{ hash: Uint8Array; createdAt: number; expiresAt: number }>(
        `SELECT hash, created_at AS createdAt, expires_at AS expiresAt FROM sessions
         WHERE user_id = ? AND expires_at > ? ORDER BY created_at DESC LIMIT 500`,
        identity.id,
        clock(),
      )
      return {
        items: found.map(({ hash, createdAt, expiresAt }) => ({
          id: Buffer.from(hash).toString('hex'),
          createdAt,
          expiresAt,
          isCurrent: Buffer.from(current).equals(hash),
        })),
      }
    },
  )

  app.delete(
    '/v1/me/sessions/:session',
    {
      config: { right: 'signed-in' },
      schema: {
        summary: 'Signs the person who asks out somewhere.',
        params: z.object({ session: z.string().regex(/^[\da-f]{64}$/, 'is no session’s id') }),
        response: { 204: z.null() },
      },
    },
    ({ identity, params: { session }, ip }, reply) =>
      db.transaction(() => {
        const id = identity.kind === 'user' ? identity.id : ''
        const hash = Buffer.from(session, 'hex')
        if (db.run('DELETE FROM sessions WHERE hash = ? AND user_id = ?', hash, id) === 0)
          throw notFound('session')
        auth.audit(identity, {
          organisationId: null,
          action: 'session.end',
          subject: session.slice(0, 12),
          address: ip,
        })
        void reply.code(204)
        return null
      }),
  )
}
