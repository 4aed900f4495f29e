import { type Budget, Share } from '../budget.ts'
import {
  endExchange,
  endRequest,
  type Exchange,
  exchangeOf,
  type ExchangeSink,
  hostOf,
  type RequestHead,
} from '../exchange.ts'
import { HpackDecoder } from '../hpack/decoder.ts'
import { type Authorization, splitTarget } from '../kept-value.ts'
import { MAX_STREAMS } from '../limits.ts'
import { type OpaqueReason, Undecodable } from '../undecodable.ts'
import { FrameReader } from './frames.ts'

/** What the client of every HTTP/2 connection sends first (RFC 9113 §3.4). */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

type Fields = ReadonlyMap<string, string>

/** One direction: its frames, its HPACK state, and whether it can still be followed. */
interface Half {
  reader: FrameReader
  failed: boolean
  shares: readonly Share[]
}

/** An HTTP/2 connection of a client, after its preface. */
export class Http2Connection {
  private readonly sink: ExchangeSink
  private readonly streams = new Map<number, Exchange>()
  /** Of the client's streams the newest: each is opened once, in the order of their numbers (RFC 9113 §5.1.1). */
  private newest = 0
  /** One of its streams carries another protocol, which is not read. */
  private tunnels = false
  private readonly requests: Half
  private readonly responses: Half
  private time = 0

  constructor(sink: ExchangeSink, budget: Budget) {
    this.sink = sink
    this.requests = this.half(budget, {
      fields: (stream, fields, end) => this.requestFields(stream, fields, end),
      data: (stream, bytes, end, piece) => {
        const exchange = this.streams.get(stream)
        if (exchange === undefined) return
        exchange.requestBytes += bytes
        if (bytes > 0) exchange.graphql?.add(piece)
        if (end) this.requestEnd(stream, exchange)
      },
    })
    this.responses = this.half(budget, {
      fields: (stream, fields, end) => this.responseFields(stream, fields, end),
      data: (stream, bytes, end) => {
        const exchange = this.streams.get(stream)
        if (exchange === undefined) return
        exchange.responseBytes += bytes
        if (end) this.responseEnd(stream, exchange)
      },
    })
  }

  /** Whether what a direction carries from here on stays unknown. */
  isOpaque(direction: 'sent' | 'received'): boolean {
    return this.tunnels || this.of(direction).failed
  }

  push(direction: 'sent' | 'received', data: Buffer, hidden: number, time: number): void {
    const half = this.of(direction)
    this.time = time
    if (half.failed) return
    try {
      half.reader.push(data)
      half.reader.skip(hidden)
    } catch (error) {
      if (!(error instanceof Undecodable)) throw error
      this.fail(half, error.reason)
    }
  }

  /** Bytes are missing: where frames begin, and what the HPACK tables hold, is not known any more. */
  lost(which: 'any' | 'received' = 'any'): void {
    for (const half of which === 'any' ? [this.requests, this.responses] : [this.responses])
      if (!half.failed) this.fail(half, 'lost')
  }

  end(): void {
    for (const { shares } of [this.requests, this.responses])
      for (const share of shares) share.hold(0)
    for (const stream of this.streams.keys()) this.forget(stream)
  }

  private of(direction: 'sent' | 'received'): Half {
    return direction === 'sent' ? this.requests : this.responses
  }

  private half(
    budget: Budget,
    take: {
      fields: (stream: number, fields: Fields, end: boolean) => void
      data: (stream: number, bytes: number, end: boolean, piece?: Buffer) => void
    },
  ): Half {
    const blocks = new Share(budget)
    const table = new Share(budget)
    const hpack = new HpackDecoder(table)
    const reader = new FrameReader(
      {
        headers: (stream, block, endStream, promised) => {
          const fields = new Map<string, string>()
          hpack.decode(block, ({ name, value }) => {
            // Of a field that comes twice the first counts: so do servers that do not refuse it.
            if (value === '') return
            if (!fields.has(name)) fields.set(name, value)
            else if (name.startsWith(':') && fields.get(name) !== value)
              throw new Undecodable('malformed', `two values of ${name}`)
          })
          // A promise tells what the server would ask in the client's place.
          if (!promised) take.fields(stream, fields, endStream)
        },
        data: take.data,
        reset: (stream) => this.forget(stream),
      },
      blocks,
    )
    return { reader, failed: false, shares: [blocks, table] }
  }

  private fail(half: Half, reason: OpaqueReason): void {
    half.failed = true
    for (const share of half.shares) share.hold(0)
    this.sink.opaque(reason)
    if (half === this.responses) {
      // Nobody will tell when they end.
      for (const [stream, exchange] of this.streams) if (exchange.requestEnded) this.forget(stream)
    }
  }

  private requestFields(stream: number, fields: Fields, end: boolean): void {
    let exchange = this.streams.get(stream)
    // Trailers, also of a request whose server has ended it before, or that is followed no more.
    if (stream <= this.newest) {
      if (fields.has(':method'))
        throw new Undecodable('malformed', 'a request in place of trailers')
    } else {
      exchange = exchangeOf(headOf(fields), this.time)
      this.newest = stream
      if (this.streams.size >= MAX_STREAMS) {
        const oldest = this.streams.keys().next()
        if (oldest.done !== true) this.forget(oldest.value)
      }
      this.streams.set(stream, exchange)
      this.sink.request(exchange)
      // RFC 8441, RFC 9113 §8.5: what the stream carries is another protocol's.
      const upgrades = fields.has(':protocol')
      if (upgrades || exchange.head.method === 'CONNECT') {
        this.tunnels = true
        this.sink.opaque(upgrades ? 'upgraded' : 'tunnel')
      }
    }
    if (end && exchange !== undefined) this.requestEnd(stream, exchange)
  }

  private requestEnd(stream: number, exchange: Exchange): void {
    endRequest(exchange)
    if (exchange.responseEnded || this.responses.failed) this.forget(stream)
  }

  private responseFields(stream: number, fields: Fields, end: boolean): void {
    const exchange = this.streams.get(stream)
    if (exchange === undefined) return
    const status = Number(fields.get(':status') ?? Number.NaN)
    if (status >= 200 && status <= 999) exchange.status ??= status
    if (end) this.responseEnd(stream, exchange)
  }

  private responseEnd(stream: number, exchange: Exchange): void {
    exchange.responseEnded = true
    if (exchange.requestEnded || this.requests.failed) this.forget(stream)
  }

  private forget(stream: number): void {
    const exchange = this.streams.get(stream)
    if (exchange === undefined) return
    this.streams.delete(stream)
    exchange.lastTime = this.time
    endExchange(exchange)
    this.sink.response(exchange)
  }
}

/** @throws Undecodable without a method: that is no request; with a transfer coding: HTTP/2 has none (RFC 9113 §8.2.2) */
function headOf(fields: Fields): RequestHead {
  const method = fields.get(':method')
  if (method === undefined) throw new Undecodable('malformed', 'a request without a method')
  if (fields.has('transfer-encoding'))
    throw new Undecodable('malformed', 'a transfer coding in HTTP/2')
  const scheme = fields.get(':scheme') === 'http' ? 'http' : 'https'
  const authority = fields.get(':authority')
  const host = fields.get('host')
  // RFC 9113 §8.3.1: servers go by one of them.
  if (authority && host && hostOf(authority, scheme) !== hostOf(host, scheme))
    throw new Undecodable('malformed', 'a host beside another authority')
  return {
    method: method.slice(0, 40),
    scheme,
    host: hostOf(authority ?? host ?? '', scheme),
    ...splitTarget(fields.get(':path') ?? ''),
    version: '2',
    authorization: (fields.get('authorization') as Authorization | undefined) ?? null,
  }
}
