import Fastify, {
  type FastifyError,
  type FastifySchemaCompiler,
  type FastifySerializerCompiler,
  LogController,
  type RouteOptions,
} from 'fastify'
import type { z } from 'zod'
import { addAuth } from './auth/hook.ts'
import type { App, Context } from './context.ts'
import { diskFull, isDiskFull } from './disk-full.ts'
import { HttpError, type Problem } from './error.ts'
import { addBodies } from './bodies.ts'
import { OpenApi } from './openapi.ts'
import { addRates, createLimits } from './rate.ts'
import { refusal } from './refusal.ts'
import { registers } from './routes/index.ts'
import type { Tls } from './tls.ts'
import { addWebFiles, asksForPage, sendPage } from './web/serve.ts'

/** What an answer's schema makes of answers. */
export type Serializer = (route: { schema: z.ZodType }) => (data: unknown) => string

/** Of a route that says nothing else, bytes. */
const largestBody = 1 << 20

declare module 'fastify' {
  interface FastifyInstance {
    /** All there are, for tests that hold for each. */
    routes: readonly RouteOptions[]
  }
  interface FastifySchema {
    /** One line, for docs/api.md and clients. */
    summary?: string
    /** Not part of the API. */
    hide?: boolean
    /** Media type of the body, and of the answer, where that is no JSON. */
    consumes?: string
    /** What the bytes of a JSON body are, where a thread reads them (src/aside) and the handler gets them as they came. */
    reads?: z.ZodType
    produces?: string
    /** Errors that a caller goes on from otherwise than from others, by their status: when. */
    fails?: Readonly<Record<number, string>>
    /** A body as it may be sent. */
    example?: unknown
  }
}

/**
 * Every route, with what holds for all of them. It does not listen yet.
 * @param serializer how answers become JSON; tests check them against their schemas
 */
export function buildApp(
  context: Context,
  tls: Tls | null,
  serializer: Serializer = () => (data) => JSON.stringify(data),
): App {
  const options = {
    loggerInstance: context.log,
    // Its lines have URLs with their queries: addMeasures has our own.
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy:
      context.config.trustedProxies.length > 0 ? [...context.config.trustedProxies] : false,
    bodyLimit: largestBody,
    requestTimeout: 60_000,
    routerOptions: { maxParamLength: 300 },
    forceCloseConnections: 'idle' as const,
  }
  // Only one of both types fits what Fastify calls the server, and no route needs to know which.
  const app = (tls === null ? Fastify(options) : Fastify({ ...options, https: tls })) as App
  const openApi = new OpenApi()
  const routes: RouteOptions[] = []
  app.decorate('routes', routes)
  app.addHook('onRoute', (route) => {
    routes.push(route)
    openApi.add(route)
  })
  app.setValidatorCompiler(validator as FastifySchemaCompiler<unknown>)
  app.setSerializerCompiler(serializer as FastifySerializerCompiler<unknown>)
  addErrors(app, context)
  addBodies(app)
  addHeaders(app, tls !== null)
  addMeasures(app, context)
  const limits = createLimits(context)
  addAuth(app, context, limits)
  addRates(app, limits)
  for (const register of registers) register(app, context)
  addWebFiles(app, context.web)
  app.setNotFoundHandler((request, reply) => {
    if (asksForPage(request)) return sendPage(request, reply, context.web)
    throw new HttpError(404, 'not-found', 'there is no such route')
  })
  app.get('/openapi.json', { config: { right: 'public' }, schema: { hide: true } }, () =>
    openApi.document(context.url()),
  )
  return app
}

const parts: Readonly<Record<string, Problem['in']>> = {
  body: 'body',
  querystring: 'query',
  params: 'path',
  headers: 'headers',
}

function validator({ schema, httpPart = 'body' }: { schema: z.ZodType; httpPart?: string }) {
  const part = parts[httpPart] ?? 'body'
  return (data: unknown) => {
    const read = schema.safeParse(data)
    if (read.success) return { value: read.data }
    return { error: refusal(part, read.error.issues) }
  }
}

function addErrors(app: App, { log }: Context): void {
  app.setErrorHandler<FastifyError | HttpError>((thrown, request, reply) => {
    const error = isDiskFull(thrown) ? diskFull() : thrown
    const status = error.statusCode ?? 500
    if (status >= 500 && !(error instanceof HttpError)) {
      log.error(
        { err: error, request: request.id, route: request.routeOptions.url },
        'request failed',
      )
      return reply.code(500).send({
        error: {
          code: 'internal',
          message: `the server failed; its log names request ${request.id}`,
          where: [],
        },
      })
    }
    const { code, message, where } =
      error instanceof HttpError
        ? error
        : { code: codeOf(error), message: error.message, where: [] }
    // A person who signs in is told by a page what went wrong.
    if (request.url.startsWith('/v1/sign-in') && request.headers.accept?.includes('text/html'))
      return reply.redirect(`/sign-in?problem=${encodeURIComponent(code)}`, 303)
    if (status === 401) void reply.header('www-authenticate', 'Bearer')
    if (status === 429) void reply.header('retry-after', '1')
    return reply.code(status).send({ error: { code, message, where } })
  })
}

/** Of what Fastify and the parsers found wrong; not all of it has a code. */
const codeOf = ({ code }: { code?: string }): string =>
  code
    ?.toLowerCase()
    .replace(/^fst_err_/, '')
    .replaceAll('_', '-') ?? 'bad-request'

function addHeaders(app: App, secure: boolean): void {
  app.addHook('onSend', async (_request, reply) => {
    void reply.header('x-content-type-options', 'nosniff')
    if (!reply.hasHeader('referrer-policy')) void reply.header('referrer-policy', 'no-referrer')
    if (!reply.hasHeader('content-security-policy'))
      void reply.header('content-security-policy', "default-src 'none'; frame-ancestors 'none'")
    if (!reply.hasHeader('cache-control')) void reply.header('cache-control', 'no-store')
    if (secure) void reply.header('strict-transport-security', 'max-age=31536000')
  })
}

/** One line for each request, and its time. Neither the URL's query nor any header or body is in it: those hold secrets. */
function addMeasures(app: App, { log, metrics }: Context): void {
  const took = metrics.histogram(
    'runwarden_http_request_seconds',
    'time to answer requests',
    [0.005, 0.02, 0.1, 0.5, 2, 10],
  )
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none'
    const { elapsedTime: ms, statusCode: status } = reply
    took(ms / 1000, { method: request.method, route, status: String(status) })
    log.debug(
      {
        request: request.id,
        method: request.method,
        route,
        status,
        ms: Math.round(ms),
        address: request.ip,
      },
      'request',
    )
  })
}
