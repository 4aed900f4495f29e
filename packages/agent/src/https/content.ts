import type { TlsChunk, TlsEnd, TlsLibrary } from '@runwarden/sensor'
import { Budget } from './budget.ts'
import { Connections } from './connections.ts'
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
/** In place of the host of connections that did not show it, or whose host is one too many. */
const ANY = ''

/** The HTTP in what TLS libraries send and receive: all connections of a scope. */
export class HttpsContent {
  private readonly sink: ContentSink
  private readonly budget: Budget
  private readonly mostSessions: number
  private readonly sessions = new Connections<Followed>()
  /** Connections that were seen and not asked for yet, by process and host. */
  private readonly seen = new Map<string, Map<string, number>>()

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
    const known = this.sessions.use(chunk.execId, chunk.session)
    const followed = known ?? this.follow(chunk)
    followed.lastTime = chunk.time
    followed.session.push(chunk, lost)
    if (known === undefined && this.sessions.size > this.mostSessions) {
      const { oldest } = this.sessions
      if (oldest !== null) this.close(oldest.execId, oldest.address, true)
    }
    return followed.session
  }

  end(end: TlsEnd): void {
    this.close(end.execId, end.session)
  }

  /** A process has ended, and all its connections with it. */
  exited(execId: string): void {
    for (const address of this.sessions.addressesOf(execId)) this.close(execId, address)
  }

  /** Tells what is known of all that is still open: nothing comes any more. */
  finish(): void {
    for (let next = this.sessions.oldest; next !== null; next = this.sessions.oldest)
      this.close(next.execId, next.address)
  }

  /**
   * How many of a process's connections to a host were seen, read or told as opaque. Each is counted once: those that are
   * asked for are gone.
   * @param names of the host, with a port other than 443; empty: any
   * @param most as many as are asked for
   * @param isElsewhere whether another connection may be meant by a host that was asked for
   */
  takeSeen(
    execId: string,
    names: readonly string[],
    most: number,
    isElsewhere: (host: string) => boolean = () => true,
  ): number {
    const hosts = this.seen.get(execId)
    if (hosts === undefined) return 0
    let taken = 0
    // A request may name another host than its connection is to.
    const misnamed = [...hosts.keys()].filter((host) => names.length === 0 || !isElsewhere(host))
    for (const one of [...names, ANY, ...misnamed]) {
      const count = hosts.get(one) ?? 0
      const now = Math.min(count, most - taken)
      hosts.set(one, count - now)
      taken += now
    }
    return taken
  }

  private follow({ execId, library, time, session: address }: TlsChunk): Followed {
    const source = { execId, library }
    const http = new HttpSession(
      {
        request: (exchange) => this.sink.request(source, exchange),
        response: (exchange) => this.sink.response(source, exchange),
      },
      this.budget,
    )
    const followed = { session: http, source, lastTime: time }
    this.sessions.add(execId, address, followed)
    return followed
  }

  private close(execId: string, address: bigint, evicted = false): void {
    const followed = this.sessions.take(execId, address)
    if (followed === undefined) return
    const { session, source, lastTime } = followed
    session.end()
    if (!session.serves) this.remember(source.execId, session.firstHost ?? ANY)
    const opaque = session.opaque ?? (evicted ? nothingUnread : null)
    if (opaque === null) return
    this.sink.opaque({ ...source, ...opaque, host: session.host, connections: 1, time: lastTime })
  }

  private remember(execId: string, host: string): void {
    let hosts = this.seen.get(execId)
    if (hosts === undefined) {
      this.seen.set(execId, (hosts = new Map<string, number>()))
      if (this.seen.size > PROCESSES) {
        const oldest = this.seen.keys().next()
        if (oldest.done !== true) this.seen.delete(oldest.value)
      }
    }
    const name = hosts.has(host) || hosts.size < HOSTS ? host : ANY
    hosts.set(name, (hosts.get(name) ?? 0) + 1)
  }
}

const nothingUnread = { reason: 'evicted', bytesSent: 0, bytesReceived: 0 } as const
