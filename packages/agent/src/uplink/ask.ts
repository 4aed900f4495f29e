import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { getCACertificates } from 'node:tls'
import { isLoopbackText } from '@runwarden/policy'

/** How a control plane is asked: by TLS, but for one on this machine, and never led to another host. */
export interface Ask {
  method?: 'GET' | 'POST'
  token: string
  headers?: Readonly<Record<string, string>>
  body?: string | Buffer
  signal: AbortSignal
  /** The process may end meanwhile. */
  background?: boolean
}

export interface Answer {
  status: number
  headers: IncomingMessage['headers']
  body: Buffer
}

/** Until an answer has begun, ms; a server that stores durably may take its time. */
const patienceMs = 30_000
/** For the rest of it: one that comes a byte at a time would hold its connection for ever. */
const wholeMs = 60_000
/** A job's start has policies of 4 MiB in all, and a block list of 4. */
const largest = 10 << 20

const plain = new HttpAgent({ keepAlive: true })
let secure: HttpsAgent | undefined

/** Made when it is needed: the machine's own authorities, which a company's servers have theirs from, are read then. */
function secureAgent(): HttpsAgent {
  secure ??= new HttpsAgent({
    keepAlive: true,
    proxyEnv: process.env,
    ca: [...getCACertificates('bundled'), ...getCACertificates('system')],
    // Whatever the environment has in NODE_TLS_REJECT_UNAUTHORIZED.
    rejectUnauthorized: true,
  })
  return secure
}

/** The control plane could not be asked, or did not do what it was asked. The message names neither token nor query. */
export class AskError extends Error {
  readonly code = 'CONTROL_PLANE'
  readonly advice: string
  /** HTTP status; null: there was no answer. */
  readonly status: number | null
  /** As the server asked for, ms. */
  readonly retryAfterMs: number

  constructor(message: string, answer?: Pick<Answer, 'status' | 'headers'>, cause?: unknown) {
    super(message, { cause })
    this.name = 'AskError'
    this.status = answer?.status ?? null
    this.advice =
      this.status === 401 || this.status === 403
        ? 'it knows no such key, or not for this: make another one there (runwarden server key)'
        : 'see whether the control plane runs, and can be reached from this machine'
    const seconds = Number(answer?.headers['retry-after'])
    this.retryAfterMs = seconds > 0 ? Math.min(seconds, 3600) * 1000 : 0
  }
}

/** Another try would end the same way: it is the content that was refused, and not who asks. */
export function isFinal({ status }: AskError): boolean {
  return status !== null && [400, 409, 413, 415, 422].includes(status)
}

/** Whether what is sent there stays unread by others: TLS, or this machine itself. */
export function isPrivateWay({ protocol, hostname }: URL): boolean {
  if (protocol === 'https:') return true
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  return protocol === 'http:' && (host === 'localhost' || isLoopbackText(host))
}

/** @returns an answer of 2xx, or 304. @throws AskError */
export async function ask(url: URL, options: Ask): Promise<Answer> {
  const response = await open(url, options)
  const body = await collect(url, response, options)
  const answer = { status: response.statusCode ?? 0, headers: response.headers, body }
  if ((answer.status >= 200 && answer.status < 300) || answer.status === 304) return answer
  throw new AskError(`${named(url)} answered ${answer.status}${saidIn(body)}`, answer)
}

/** An answer whose body goes on. @throws AskError */
export function open(url: URL, options: Ask): Promise<IncomingMessage> {
  const { method = 'GET', token, headers = {}, body, signal, background = false } = options
  if (!isPrivateWay(url))
    throw new AskError(`${named(url)} is not asked: a control plane needs https://`)
  return new Promise((resolve, reject) => {
    const start = url.protocol === 'https:' ? requestHttps : requestHttp
    const request = start(url, {
      method,
      agent: url.protocol === 'https:' ? secureAgent() : plain,
      signal,
      headers: {
        'user-agent': 'runwarden',
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
        ...headers,
      },
    })
    const late = setTimeout(
      () => request.destroy(new Error(`no answer in ${patienceMs / 1000} s`)),
      patienceMs,
    )
    if (background) late.unref()
    request.on('socket', (socket) => (background ? socket.unref() : socket.ref()))
    request.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(late)
      const why = error.code ?? error.message
      reject(new AskError(`${named(url)} could not be asked: ${why}`, undefined, error))
    })
    request.on('response', (response) => {
      clearTimeout(late)
      resolve(response)
    })
    request.end(body)
  })
}

async function collect(
  url: URL,
  response: IncomingMessage,
  { background = false }: Ask,
): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  const late = setTimeout(
    () => response.destroy(new Error(`its answer did not end in ${wholeMs / 1000} s`)),
    wholeMs,
  )
  if (background) late.unref()
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > largest) throw new Error(`it answered more than ${largest} bytes`)
      chunks.push(chunk)
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new AskError(`${named(url)} could not be asked: ${why}`, undefined, error)
  } finally {
    clearTimeout(late)
  }
  return Buffer.concat(chunks)
}

const named = (url: URL): string => `${url.origin}${url.pathname}`

/** What an answer says went wrong, on one line, shortened. */
function saidIn(body: Buffer): string {
  try {
    const { error } = JSON.parse(body.toString()) as { error?: { message?: unknown } }
    if (typeof error?.message !== 'string') return ''
    return `: ${error.message.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 300)}`
  } catch {
    return ''
  }
}
