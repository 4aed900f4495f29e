import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { cookieOf } from '../auth/cookies.ts'
import type { App, Context } from '../context.ts'
import { notFound } from '../error.ts'
import { Listeners } from '../live/listeners.ts'
import { jobOfOrganisation } from '../views/job-list.ts'
import { databases } from '../views/joined.ts'
import { Id, OfOrganisation } from './page.ts'

/** What people's pages are told at once. */
export function register(app: App, context: Context): void {
  const { db, auth, blockLists, bus, closing, log, metrics } = context
  const listeners = new Listeners({
    databases: () => databases(context),
    bus,
    closing,
    blockListVersion: (organisationId) => blockLists.of(organisationId).version,
    failed: (error) => log.error({ err: error }, 'what has changed can’t be told'),
  })
  app.addHook('onClose', () => listeners[Symbol.dispose]())
  metrics.gauge('runwarden_listeners', 'pages that listen for changes', () => listeners.size)

  /** Whether what was allowed at first still is: nobody asks again while a stream goes on. */
  const stillAllowed = (request: FastifyRequest): (() => boolean) => {
    const { identity, organisation } = request
    if (identity.kind === 'key') {
      const token = request.headers.authorization?.replace(/^Bearer +/i, '') ?? ''
      return () => auth.byKey(token) !== undefined
    }
    const session = cookieOf(request, 'runwarden-session') ?? ''
    return () => {
      const user = auth.bySession(session)
      if (user?.kind !== 'user') return false
      return user.operator || auth.roleOf(user.id, organisation.id) !== undefined
    }
  }

  app.get(
    '/v1/orgs/:org/live',
    {
      config: { right: 'viewer' },
      schema: {
        summary:
          'Server-sent events for people’s pages: `job`, `detection`, `block-list`, `policy`, `ping`, as they happen.',
        params: OfOrganisation,
        querystring: z.object({
          /** Of this job alone. */
          job: Id.optional(),
        }),
      },
    },
    (request, reply) => {
      const { organisation, identity, query } = request
      const jobId = query.job ?? null
      if (jobId !== null && jobOfOrganisation(db, organisation.id, jobId) === undefined)
        throw notFound('job')
      const listener = {
        organisationId: organisation.id,
        jobId,
        caller: 'id' in identity ? `${identity.kind} ${identity.id}` : identity.kind,
        isAllowed: stillAllowed(request),
        to: reply.raw,
      }
      listeners.add(listener)
      reply.hijack()
    },
  )
}
