import type { TlsChunk } from '@runwarden/sensor'
import type { Budget } from './budget.ts'
import type { Exchange, ExchangeSink } from './exchange.ts'
import { Http1Connection } from './http1/connection.ts'
import { isMeantForRequest, readRequestLine } from './http1/heads.ts'
import { Http2Connection, PREFACE } from './http2/connection.ts'
import { MAX_EARLY, MAX_LINE } from './limits.ts'
import type { OpaqueReason } from './undecodable.ts'

/** What of a connection was not read. */
export interface Opaque {
  /** The first one. */
  reason: OpaqueReason
  bytesSent: number
  bytesReceived: number
}

type Chunk = Pick<TlsChunk, 'direction' | 'data' | 'size' | 'time' | 'lost'>

/** One connection of a TLS library: finds out what it carries, and reads it. */
export class HttpSession {
  /** Null: all of it was read. */
  opaque: Opaque | null = null
  /** The host that was asked last. */
  host: string | null = null
  /** The one that the connection was made for. */
  firstHost: string | null = null
  /** The job's program is the server: what others ask it is not what it asks. */
  serves = false
  private readonly budget: Budget
  private readonly sink: ExchangeSink
  private connection: Http1Connection | Http2Connection | null = null
  /** What came before the client's first bytes were whole. */
  private early: Chunk[] = []
  private earlyBytes = 0

  constructor(sink: Pick<ExchangeSink, 'request' | 'response'>, budget: Budget) {
    this.budget = budget
    this.sink = {
      request: (exchange: Exchange) => {
        const { host } = exchange.head
        if (host !== '') {
          this.host = host
          this.firstHost ??= host
        }
        sink.request(exchange)
      },
      response: (exchange) => sink.response(exchange),
      opaque: (reason) => this.blind(reason),
    }
  }

  /** @param lost what may be lost, where the chunk says that something is */
  push(chunk: Chunk, lost: 'any' | 'received' = 'any'): void {
    if (this.serves) return
    if (chunk.lost && lost === 'any') this.lost()
    else if (chunk.lost) this.connection?.lost(lost)
    if (chunk.size === 0) return
    if (this.connection === null && this.opaque === null) this.begin(chunk)
    else this.follow(chunk)
  }

  /** Whether what it sends from here on is not read. */
  get hidesRequests(): boolean {
    return this.opaque !== null && (this.connection?.isOpaque('sent') ?? true)
  }

  end(): void {
    this.connection?.end()
    if (this.connection === null && this.early.length > 0) this.giveUp()
  }

  private lost(): void {
    if (this.connection !== null) return this.connection.lost()
    // What it began with is not known: HTTP/1 may still show where its next message begins.
    this.blind('lost')
    this.connection = new Http1Connection(this.sink, this.budget)
    this.connection.lost()
    this.wipe()
  }

  private follow(chunk: Chunk): void {
    const { direction, data, size, time } = chunk
    this.connection?.push(direction, data, Math.max(0, size - data.length), time)
    // Also those that made it opaque.
    if (this.opaque !== null && (this.connection?.isOpaque(direction) ?? true))
      this.opaque[direction === 'sent' ? 'bytesSent' : 'bytesReceived'] += size
  }

  private begin(chunk: Chunk): void {
    const { direction, data } = chunk
    // Nearly all clients of HTTP/1 say what they are in their first call, before anybody else has said anything.
    if (direction === 'sent' && this.early.length === 0 && beginning(data, direction) === 'http1') {
      this.connection = new Http1Connection(this.sink, this.budget)
      return this.follow(chunk)
    }
    this.early.push({ ...chunk, data: Buffer.from(data) })
    this.earlyBytes += data.length
    const first = Buffer.concat(
      this.early.filter((one) => one.direction === direction).map((one) => one.data),
    )
    const kind = beginning(first, direction)
    if (direction === 'received' && (kind === 'http1' || kind === 'http2')) {
      this.serves = true
      return this.wipe()
    }
    if (direction === 'sent' && (kind === 'http1' || kind === 'http2')) {
      const { early } = this
      this.early = []
      if (kind === 'http2') {
        this.connection = new Http2Connection(this.sink, this.budget)
        withoutPreface(early)
      } else this.connection = new Http1Connection(this.sink, this.budget)
      // What the server said first answers nothing, but in HTTP/2 it counts.
      for (const one of early) {
        if (kind === 'http2' || one.direction === 'sent') this.follow(one)
        one.data.fill(0)
      }
      return
    }
    const over = this.earlyBytes > MAX_EARLY || chunk.size > data.length
    if ((direction === 'sent' && kind === 'other') || over) this.giveUp()
  }

  private giveUp(): void {
    this.blind('not-http')
    for (const one of this.early) this.follow(one)
    this.wipe()
  }

  private blind(reason: OpaqueReason): void {
    this.opaque ??= { reason, bytesSent: 0, bytesReceived: 0 }
  }

  private wipe(): void {
    for (const { data } of this.early) data.fill(0)
    this.early = []
  }
}

/** A token (RFC 9110 §5.6.2) and a blank, as far as they are there. */
const method = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,40}(?: |$)/

/** What the first bytes of a client begin; `unsure`: there are too few yet. */
function beginning(
  bytes: Buffer,
  direction: Chunk['direction'],
): 'http1' | 'http2' | 'other' | 'unsure' {
  const shared = Math.min(bytes.length, PREFACE.length)
  if (shared === 0) return 'unsure'
  if (bytes[0] === PREFACE[0] && bytes.compare(PREFACE, 0, shared, 0, shared) === 0)
    return bytes.length < PREFACE.length ? 'unsure' : 'http2'
  // A server of HTTP/2 may speak first: SETTINGS on stream 0.
  if (bytes.length >= 9 && bytes[0] === 0 && bytes[3] === 4 && bytes.readUInt32BE(5) === 0)
    return 'unsure'
  const end = bytes.subarray(0, MAX_LINE).indexOf(0x0a)
  if (end < 0) {
    // A method and a blank are told from most else early. Who serves is not said before the line is whole.
    if (!method.test(bytes.toString('latin1', 0, 48))) return 'other'
    return direction === 'sent' && bytes.length > 48 ? 'http1' : 'unsure'
  }
  const line = bytes.subarray(0, bytes[end - 1] === 0x0d ? end - 1 : end)
  const http = readRequestLine(line) !== null || (direction === 'sent' && isMeantForRequest(line))
  return http ? 'http1' : 'other'
}

/** Takes the preface off the chunks that begin with it. */
function withoutPreface(chunks: Chunk[]): void {
  let left = PREFACE.length
  for (const chunk of chunks) {
    if (chunk.direction !== 'sent') continue
    const cut = Math.min(left, chunk.data.length)
    chunk.data = chunk.data.subarray(cut)
    chunk.size -= cut
    left -= cut
  }
}
