import { z } from 'zod'
import type { App, Context } from '../context.ts'
import { notFound } from '../error.ts'
import { inForce } from '../ingest/in-force.ts'
import { Streams } from '../ingest/streams.ts'
import { Id } from './page.ts'

/** What running agents are told at once. */
export function register(app: App, { db, blockLists, bus, closing, metrics }: Context): void {
  const streams = new Streams({ bus, closing, inForce: (id) => inForce(db, blockLists, id) })
  app.addHook('onClose', () => streams[Symbol.dispose]())
  metrics.gauge('runwarden_streams', 'agents that listen for changes', () => streams.size)
  app.get(
    '/v1/jobs/:id/stream',
    {
      config: { right: 'job' },
      schema: {
        summary:
          'Server-sent events for an agent: `block-list` and `policy` with their versions, now and when they change; `ping`.',
        params: z.object({ id: Id }),
        produces: 'text/event-stream',
      },
    },
    ({ params: { id }, organisation }, reply) => {
      const now = inForce(db, blockLists, id)
      if (now === undefined) throw notFound('job')
      reply.hijack()
      streams.add(id, organisation.id, now, reply.raw)
    },
  )
}
