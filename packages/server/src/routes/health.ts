import { z } from 'zod'
import type { App, Context } from '../context.ts'
import { HttpError } from '../error.ts'
import { apiVersion } from '../openapi.ts'
import { asksForPage, sendPage } from '../web/serve.ts'

/** Whoever asks without end causes no write without end. */
const trustMs = 1000

const Fine = z.object({ status: z.literal('ok') })
const About = z.object({
  name: z.string(),
  api: z.string(),
  description: z.string(),
  /** `link`: by one that the command `runwarden server sign-in` prints, or an invitation. */
  signIn: z.enum(['link', 'provider']),
})
z.globalRegistry.add(About, { id: 'About' })

/** For whoever watches the server. */
export function register(app: App, { config, db, clock, log, metrics, web }: Context): void {
  let wroteAt = 0
  const about = (): z.infer<typeof About> => ({
    name: 'runwarden',
    api: apiVersion,
    description: '/openapi.json',
    signIn: config.signInIssuer === null ? 'link' : 'provider',
  })
  app.get(
    '/',
    {
      config: { right: 'public' },
      schema: {
        summary: 'What this is, and where its API is described; for browsers, the web app.',
        response: { 200: About },
      },
    },
    (request, reply) => {
      if (!asksForPage(request)) return about()
      sendPage(request, reply, web)
    },
  )
  app.get(
    '/v1',
    {
      config: { right: 'public' },
      schema: {
        summary: 'What this is, and how people sign in.',
        response: { 200: About },
      },
    },
    about,
  )
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
      if (clock() - wroteAt > trustMs) {
        try {
          db.transaction(() => db.exec('PRAGMA user_version = 1'))
          wroteAt = clock()
        } catch (error) {
          log.error({ err: error }, 'the database takes no writes')
          throw new HttpError(503, 'not-ready', 'the database takes no writes')
        }
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
