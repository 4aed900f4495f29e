import type { FastifyReply, FastifyRequest } from 'fastify'
import type { App } from '../context.ts'
import { notFound } from '../error.ts'
import type { Coding, WebFile } from './files.ts'

/** What its pages may do: run the app's own scripts and styles, and ask this server. Nothing is made of text by a script. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

/** Paths that are no page, whatever a browser says that it takes. */
const noPage = /^\/(?:v1|assets|openapi\.json|healthz|readyz|metrics)(?:[/?]|$)/

/** The web app's files: those whose names change with their content are kept by browsers for good. */
export function addWebFiles(app: App, files: ReadonlyMap<string, WebFile> | null): void {
  app.get(
    '/assets/*',
    { config: { right: 'public' }, schema: { hide: true } },
    (request, reply) => {
      const { '*': name } = request.params as { '*': string }
      const file = files?.get(`assets/${name}`)
      if (file === undefined) throw notFound('file')
      void reply.header('cache-control', 'public, max-age=31536000, immutable')
      return send(request, reply, file)
    },
  )
}

/** Whether somebody looks with a browser for a page, which the app itself then tells apart. */
export function asksForPage({ method, url, headers }: FastifyRequest): boolean {
  return (
    (method === 'GET' || method === 'HEAD') &&
    !noPage.test(url) &&
    headers.accept?.includes('text/html') === true
  )
}

/** The app's one page, whatever the path. */
export function sendPage(
  request: FastifyRequest,
  reply: FastifyReply,
  files: ReadonlyMap<string, WebFile> | null,
): FastifyReply {
  const page = files?.get('index.html')
  if (page === undefined) return reply.code(404).type('text/html; charset=utf-8').send(missing)
  void reply
    .header('content-security-policy', policy)
    .header('cache-control', 'no-cache')
    .header('cross-origin-opener-policy', 'same-origin')
    .header('permissions-policy', 'camera=(), geolocation=(), microphone=()')
  return send(request, reply, page)
}

function send(request: FastifyRequest, reply: FastifyReply, file: WebFile): FastifyReply {
  void reply.header('etag', file.etag).header('vary', 'accept, accept-encoding')
  if (request.headers['if-none-match'] === file.etag) return reply.code(304).send()
  const coding = codings.find(
    (one) => file.bodies[one] !== undefined && takes(request.headers['accept-encoding'], one),
  )
  if (coding !== undefined) void reply.header('content-encoding', coding)
  return reply.type(file.type).send(file.bodies[coding ?? 'identity'])
}

const codings: readonly Coding[] = ['br', 'gzip']

const takes = (accepted: string | string[] | undefined, coding: Coding): boolean =>
  [accepted ?? '']
    .flat()
    .join(',')
    .split(',')
    .some((one) => new RegExp(`^\\s*${coding}\\s*(;(?!\\s*q=0(\\.0*)?\\s*$)|$)`, 'i').test(one))

const missing = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Runwarden</title>
<h1>Runwarden’s control plane is here</h1>
<p>The web app is not part of this installation: it is built by npm run build -w packages/web.
The API is described at /openapi.json.</p>
</html>
`
