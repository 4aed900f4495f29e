import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { createSecureServer } from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import { type Socket } from 'node:net'
import { extname, join, normalize } from 'node:path'
import { TLSSocket } from 'node:tls'
import type { HttpRecord, ServerRecord } from '../record.ts'
import { type Answered, type Asked, asksGit, serveGit } from './git-backend.ts'
import { received, type Journal } from './journal.ts'
import { listening } from './listening.ts'
import type { ServerPlan } from './protocol.ts'
import { peer } from './stream-server.ts'

/** Serves HTTP or HTTPS, recording connections from their first packet and each request on them. */
export function serveHttp(plan: ServerPlan, journal: Journal): Promise<void> {
  // Under TLS the request's socket is another object than the connection's: found by the peer's port.
  const open = new Map<string, ServerRecord>()
  const answer = (request: Asked, response: Answered) => {
    const record = open.get(key(request.socket)) ?? journal.open(plan, peer(request.socket))
    takeRequest(plan, record, request, response)
  }
  const server = makeServer(plan, answer)
  if ('keepAliveTimeout' in server) server.keepAliveTimeout = 5000
  server.on('connection', (socket: Socket) => {
    if (socket instanceof TLSSocket) return
    const name = key(socket)
    open.set(name, journal.open(plan, peer(socket)))
    socket.once('close', () => open.delete(name))
  })
  server.on('secureConnection', (socket: TLSSocket) => takeSni(open.get(key(socket)), socket))
  const failed = (error: Error, socket: Socket) => {
    const record = open.get(key(socket))
    if (record !== undefined) record.error = error.message
    if (socket instanceof TLSSocket) takeSni(record, socket)
    socket.destroy()
  }
  server.on('tlsClientError', failed)
  server.on('clientError', failed)
  return listening(server, plan)
}

function makeServer(plan: ServerPlan, answer: (request: Asked, response: Answered) => void) {
  const { cert, key: privateKey, http2 = false } = plan
  if (plan.service !== 'https') return createHttpServer(answer)
  return http2
    ? createSecureServer({ cert, key: privateKey, allowHTTP1: true }, answer)
    : createHttpsServer({ cert, key: privateKey }, answer)
}

function takeSni(record: ServerRecord | undefined, socket: TLSSocket): void {
  // The types miss that the name is false or undefined when the client sent none.
  const sni: unknown = socket.servername
  if (record !== undefined && typeof sni === 'string' && sni !== '') record.sni = sni
}

function key(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`
}

function takeRequest(
  plan: ServerPlan,
  record: ServerRecord,
  request: Asked,
  response: Answered,
): void {
  const entry: HttpRecord = {
    method: request.method ?? '',
    host: String(request.headers.host ?? request.headers[':authority'] ?? ''),
    path: request.url ?? '',
    headers: Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    ),
    body: '',
  }
  record.requests.push(entry)
  received(record, headText(request))
  request.on('data', (chunk: Buffer) => {
    received(record, chunk)
    if (entry.body.length < 64 << 10) entry.body += chunk.toString()
  })
  if (plan.git !== undefined && asksGit(entry.path)) return serveGit(plan.git, request, response)
  request.once('end', () => {
    sendAnswer(plan, entry.path, response).catch(() => response.destroy())
  })
}

function headText(request: Asked): Buffer {
  let text = `${request.method} ${request.url} HTTP/${request.httpVersion}\r\n`
  for (let at = 0; at < request.rawHeaders.length; at += 2) {
    text += `${request.rawHeaders[at]}: ${request.rawHeaders[at + 1]}\r\n`
  }
  return Buffer.from(`${text}\r\n`)
}

/** By the last part of a file's name. */
const types: Readonly<Record<string, string>> = {
  '.json': 'application/json',
  '.html': 'text/html',
}

async function sendAnswer(plan: ServerPlan, url: string, response: Answered): Promise<void> {
  if (plan.files === undefined) {
    response.end(plan.greeting ?? 'hello from the lab\n')
    return
  }
  const path = normalize(decodeURIComponent(new URL(url, 'http://lab.test').pathname))
  for (const candidate of ['', 'index.json', 'index.html'].map((name) => join(path, name))) {
    const file = join(plan.files, candidate)
    const found = await stat(file).catch(() => null)
    if (found?.isFile() !== true) continue
    response.setHeader('content-length', found.size)
    response.setHeader('content-type', types[extname(file)] ?? 'application/octet-stream')
    createReadStream(file).pipe(response)
    return
  }
  response.statusCode = 404
  response.setHeader('content-type', 'application/json')
  response.end('{"error":"not found"}\n')
}
