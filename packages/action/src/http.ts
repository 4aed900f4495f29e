import { Agent as HttpAgent, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { setTimeout as delay } from 'node:timers/promises'
import { isLoopbackText } from '@runwarden/policy'

/**
 * Requests of the action itself: bounded in time and size, encrypted, with no way to another host. node's http
 * rather than its fetch: that one has no time-out for connecting, and takes no proxy of a self-hosted runner.
 */

export interface Ask {
  method?: 'GET' | 'POST' | 'PUT'
  headers?: Readonly<Record<string, string>>
  body?: string | Buffer
  /** Largest answer, bytes; default 1 MiB. */
  limit?: number
  /** Until the connection stands, TLS included; default 3000 ms. */
  connectMs?: number
  /** Ends the request, whatever it waits for. */
  signal: AbortSignal
}

export interface Reply {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
}

export type RequestErrorCode =
  /** Neither TLS nor loopback. */
  | 'INSECURE'
  | 'UNREACHABLE'
  | 'TIMED_OUT'
  | 'TOO_LARGE'
  /** To another origin, or too often. */
  | 'REDIRECTED'
  /** An answer that is none of what was asked for. */
  | 'REFUSED'
  | 'INVALID'

/** A request without a usable answer. The message names host and path, never query or headers: they hold secrets. */
export class RequestError extends Error {
  readonly code: RequestErrorCode
  /** Another try may help. */
  readonly retryable: boolean
  /** HTTP status; null: there was no answer. */
  readonly status: number | null
  /** As the server asked for, ms. */
  readonly retryAfterMs: number

  constructor(
    code: RequestErrorCode,
    message: string,
    more: { retryable?: boolean; reply?: Reply; cause?: unknown } = {},
  ) {
    super(message, { cause: more.cause })
    this.name = 'RequestError'
    this.code = code
    this.retryable = more.retryable ?? false
    this.status = more.reply?.status ?? null
    const seconds = Number(more.reply?.headers['retry-after'])
    this.retryAfterMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0
  }
}

const defaultLimit = 1 << 20
const connectMs = 3000
const mostRedirects = 3
/** A server that wants more is not waited for. */
const longestWaitMs = 5000
/** A proxy only sees what is encrypted: plain requests stay on the machine. */
const plainAgent = new HttpAgent({ keepAlive: true })
const secureAgent = new HttpsAgent({
  keepAlive: true,
  proxyEnv: process.env,
  // Whatever a step has put into NODE_TLS_REJECT_UNAUTHORIZED.
  rejectUnauthorized: true,
})

/** Whether what is sent there stays unread by others: TLS, or the machine itself. */
export function isPrivateWay(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isOwnMachine(url.hostname))
}

/** Whether a URL's host is loopback. */
export function isOwnMachine(hostname: string): boolean {
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  return host === 'localhost' || isLoopbackText(host)
}

/**
 * One request; its answer whatever the status, redirects of GET within the origin followed.
 * @throws RequestError
 */
export async function ask(url: URL, options: Ask): Promise<Reply> {
  let at = url
  for (let redirects = 0; ; redirects++) {
    const reply = await askOnce(at, options)
    const location = reply.headers.location
    const moved = [301, 302, 303, 307, 308].includes(reply.status) && location !== undefined
    if (!moved) return reply
    const next = URL.canParse(location, at.href) ? new URL(location, at) : null
    if (
      next?.origin !== at.origin ||
      (options.method ?? 'GET') !== 'GET' ||
      redirects >= mostRedirects
    ) {
      throw new RequestError(
        'REDIRECTED',
        `${named(at)} leads elsewhere (${next?.origin ?? 'an invalid place'}), and is not followed`,
        { reply },
      )
    }
    at = next
  }
}

/** The answer, when it says success. @throws RequestError with the status and what the answer says of it */
export async function askForSuccess(url: URL, options: Ask): Promise<Reply> {
  const reply = await ask(url, options)
  if (reply.status >= 200 && reply.status < 300) return reply
  throw new RequestError('REFUSED', `${named(url)} answered ${reply.status}${saidIn(reply)}`, {
    retryable: reply.status === 429 || reply.status >= 500,
    reply,
  })
}

/** JSON of an answer. @throws RequestError INVALID */
export function jsonOf(url: URL, reply: Reply): unknown {
  try {
    return JSON.parse(reply.body.toString('utf8'))
  } catch (cause) {
    throw new RequestError('INVALID', `${named(url)} answered something that is no JSON`, {
      cause,
    })
  }
}

/**
 * Tries again while that may help: at most `tries` times in all, waiting longer each time, by chance, so that many
 * jobs don't come back together.
 */
export async function retrying<T>(
  options: { tries: number; firstMs: number; signal: AbortSignal },
  attempt: () => Promise<T>,
): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await attempt()
    } catch (error) {
      const again = error instanceof RequestError && error.retryable && tried < options.tries
      if (!again || options.signal.aborted || error.retryAfterMs > longestWaitMs) throw error
      const wait = options.firstMs * 2 ** (tried - 1) * (0.5 + Math.random())
      try {
        await delay(Math.max(wait, error.retryAfterMs), undefined, { signal: options.signal })
      } catch {
        // There was no time left: what went wrong is the better message.
        throw error
      }
    }
  }
}

function askOnce(url: URL, options: Ask): Promise<Reply> {
  const { method = 'GET', headers = {}, body, limit = defaultLimit, signal } = options
  if (!isPrivateWay(url)) {
    throw new RequestError('INSECURE', `${named(url)} is not asked: it needs https://`)
  }
  return new Promise((resolve, reject) => {
    const limits = new AbortController()
    const connect = setTimeout(() => limits.abort(), options.connectMs ?? connectMs)
    const done = (): void => clearTimeout(connect)
    const fail = (cause: unknown): void => {
      done()
      reject(failure(url, cause, signal.aborted || limits.signal.aborted))
    }
    const start = url.protocol === 'https:' ? requestHttps : requestHttp
    const request = start(url, {
      method,
      agent: url.protocol === 'https:' ? secureAgent : plainAgent,
      signal: AbortSignal.any([signal, limits.signal]),
      headers: {
        'user-agent': 'runwarden',
        ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
        ...headers,
      },
    })
    request.on('error', fail)
    request.on('socket', (socket) => {
      if (socket.connecting) {
        socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', done)
      } else done()
    })
    request.on('response', (response) => {
      done()
      collect(url, response, limit).then(resolve, (error: unknown) => {
        request.destroy()
        if (error instanceof RequestError) reject(error)
        else fail(error)
      })
    })
    request.end(body)
  })
}

async function collect(url: URL, response: IncomingMessage, limit: number): Promise<Reply> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > limit) {
      throw new RequestError('TOO_LARGE', `${named(url)} answered more than ${limit} bytes`)
    }
    chunks.push(chunk)
  }
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: Buffer.concat(chunks),
  }
}

function failure(url: URL, cause: unknown, late: boolean): RequestError {
  if (late) {
    return new RequestError('TIMED_OUT', `${named(url)} did not answer in time`, {
      retryable: true,
      cause,
    })
  }
  const { code, message } = cause as NodeJS.ErrnoException
  const why = code ?? message
  return new RequestError('UNREACHABLE', `${named(url)} could not be reached: ${why}`, {
    retryable: true,
    cause,
  })
}

/** Without query and credentials. */
function named(url: URL): string {
  return `${url.origin}${url.pathname}`
}

/** What an answer of an API says went wrong, on one line, shortened. */
function saidIn({ body }: Reply): string {
  const text = body.subarray(0, 4096).toString('utf8')
  let said: unknown
  try {
    const { msg, message, error } = JSON.parse(text) as Record<string, unknown>
    said = msg ?? message ?? error
  } catch {
    return ''
  }
  if (typeof said !== 'string') return ''
  return `: ${said.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 200)}`
}
