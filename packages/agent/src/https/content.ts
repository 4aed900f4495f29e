import type { TlsChunk, TlsEnd, TlsLibrary } from '@runwarden/sensor'
import { Budget } from './budget.ts'
import type { Exchange } from './exchange.ts'
import { MAX_SESSIONS } from './limits.ts'
import { HttpSession } from './session.ts'
import type { OpaqueReason } from './undecodable.ts'

/** Who did it, and with what. */
export interface Source {
  execId: string
  library: TlsLibrary
}

/** Traffic that was not read. */
export interface OpaqueTraffic {
  execId: string
  /** Null: none was seen. */
  library: TlsLibrary | null
  reason: OpaqueReason
  /** The name that was asked before, or that the connection was made to; null: none is known. */
  host: string | null
  connections: number
  bytesSent: number
  bytesReceived: number
  /** CLOCK_BOOTTIME, ns. */
  time: number
}

export interface ContentSink {
  request(source: Source, exchange: Exchange): void
  response(source: Source, exchange: Exchange): void
  opaque(traffic: OpaqueTraffic): void
}

interface Followed {
  session: HttpSession
  source: Source
  lastTime: number
}

/** Hosts remembered of one process, and processes of which they are. */
const HOSTS = 64
const PROCESSES = 8192

/** The HTTP in what TLS libraries send and receive: all connections of a scope. */
export class HttpsContent {
  private readonly sink: ContentSink
  private readonly budget: Budget
  private readonly mostSessions: number
  /** The one that was silent longest first. */
  private readonly sessions = new Map<string, Followed>()
  /** Their keys by process. */
  private readonly open = new Map<string, Set<string>>()
  /** By process: hosts of connections that were seen; empty: of one whose host is not known. */
  private readonly hosts = new Map<string, Set<string>>()

  constructor(sink: ContentSink, options: { budget?: Budget; sessions?: number } = {}) {
    this.sink = sink
    this.budget = options.budget ?? new Budget()
    this.mostSessions = options.sessions ?? MAX_SESSIONS
  }

  /**
   * @param lost what may be lost, where the chunk says that something is
   * @returns the connection, as far as it is read now
   */
  chunk(chunk: TlsChunk, lost: 'any' | 'received' = 'any'): HttpSession {
    const key = keyOf(chunk)
    const known = this.sessions.get(key)
    const followed = known ?? this.follow(key, chunk)
    this.sessions.delete(key)
    this.sessions.set(key, followed)
    followed.lastTime = chunk.time
    followed.session.push(chunk, lost)
    if (known === undefined && this.sessions.size > this.mostSessions) {
      const oldest = this.sessions.entries().next()
      if (oldest.done !== true) this.close(oldest.value[0], oldest.value[1], true)
    }
    return followed.session
  }

  end(end: TlsEnd): void {
    const key = keyOf(end)
    const followed = this.sessions.get(key)
    if (followed !== undefined) this.close(key, followed)
  }

  /** A process has ended, and all its connections with it. */
  exited(execId: string): void {
    for (const key of this.open.get(execId) ?? []) {
      const followed = this.sessions.get(key)
      if (followed !== undefined) this.close(key, followed)
    }
  }

  /** Tells what is known of all that is still open: nothing comes any more. */
  finish(): void {
    for (const [key, followed] of this.sessions) this.close(key, followed)
  }

  /**
   * Whether connections to the host were seen in the process, read or told as opaque; without a host, any. One whose
   * host never showed may be to any host.
   */
  hasSeen(execId: string, host: string | null): boolean {
    const hosts = this.hosts.get(execId)
    return hosts !== undefined && (host === null || hosts.has(host) || hosts.has(''))
  }

  private follow(key: string, { execId, library, time }: TlsChunk): Followed {
    const open = this.open.get(execId)
    if (open === undefined) this.open.set(execId, new Set([key]))
    else open.add(key)
    const source = { execId, library }
    const http = new HttpSession(
      {
        request: (exchange) => {
          this.remember(execId, exchange.head.host)
          this.sink.request(source, exchange)
        },
        response: (exchange) => this.sink.response(source, exchange),
      },
      this.budget,
    )
    return { session: http, source, lastTime: time }
  }

  private close(key: string, { session, source, lastTime }: Followed, evicted = false): void {
    this.sessions.delete(key)
    const open = this.open.get(source.execId)
    open?.delete(key)
    if (open?.size === 0) this.open.delete(source.execId)
    session.end()
    const opaque = session.opaque ?? (evicted ? nothingUnread : null)
    if (opaque === null) return
    this.remember(source.execId, session.host ?? '')
    this.sink.opaque({ ...source, ...opaque, host: session.host, connections: 1, time: lastTime })
  }

  private remember(execId: string, host: string): void {
    let hosts = this.hosts.get(execId)
    if (hosts === undefined) {
      this.hosts.set(execId, (hosts = new Set()))
      if (this.hosts.size > PROCESSES) {
        const oldest = this.hosts.keys().next()
        if (oldest.done !== true) this.hosts.delete(oldest.value)
      }
    }
    if (hosts.size < HOSTS) hosts.add(host.replace(/:\d+$/, ''))
  }
}

const nothingUnread = { reason: 'evicted', bytesSent: 0, bytesReceived: 0 } as const

function keyOf({ execId, session }: { execId: string; session: bigint }): string {
  return `${execId} ${session.toString(36)}`
}
