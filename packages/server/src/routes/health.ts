import { z } from 'zod'
import type { App, Context } from '../context.ts'
import { HttpError } from '../error.ts'

const Fine = z.object({ status: z.literal('ok') })

/** For whoever watches the server. */
export function register(app: App, { db, log, metrics }: Context): void {
  app.get(
    '/healthz',
    {
      config: { right: 'public' },
      schema: { summary: 'The process runs.', response: { 200: Fine } },
    },
    () => ({ status: 'ok' as const }),
  )
  app.get(
    '/readyz',
    {
      config: { right: 'public' },
      schema: {
        summary: 'It can do its work: the database takes writes.',
        response: { 200: Fine },
      },
    },
    () => {
      try {
        db.transaction(() => db.exec('PRAGMA user_version = 1'))
      } catch (error) {
        log.error({ err: error }, 'the database takes no writes')
        throw new HttpError(503, 'not-ready', 'the database takes no writes')
      }
      return { status: 'ok' as const }
    },
  )
  app.get(
    '/metrics',
    { config: { right: 'public' }, schema: { summary: 'Prometheus’ text format.' } },
    (_request, reply) =>
      reply.type('text/plain; version=0.0.4; charset=utf-8').send(metrics.toString()),
  )
}
