import { type Budget, Share } from '../budget.ts'
import {
  endExchange,
  endRequest,
  type Exchange,
  exchangeOf,
  type ExchangeSink,
} from '../exchange.ts'
import { MAX_LINE, MAX_PIPELINED } from '../limits.ts'
import { type OpaqueReason, Undecodable } from '../undecodable.ts'
import {
  HeadFields,
  isMeantForRequest,
  readRequestLine,
  readStatusLine,
  type RequestLine,
} from './heads.ts'
import { type Body, MessageReader } from './messages.ts'

const nothing: Body = { kind: 'length', bytes: 0 }

/** `lost`: until a call begins with a message; `opaque`: for good. */
type Sight = 'clear' | 'lost' | 'opaque'

interface Half {
  reader: MessageReader
  sight: Sight
  share: Share
  /** Whether a line begins a message of this direction. */
  begins: (line: Buffer) => boolean
}

/** An HTTP/1 connection of a client. */
export class Http1Connection {
  private readonly sink: ExchangeSink
  /** Requests whose response has not ended, in their order. */
  private readonly waiting: Exchange[] = []
  /** Requests that were not whole when their response was. */
  private sending: Exchange | null = null
  private readonly requests: Half
  private readonly responses: Half
  private line: RequestLine | null = null
  private fields = new HeadFields('request')
  private answerFields = new HeadFields('response')
  private status = 0
  private time = 0
  private any = false

  constructor(sink: ExchangeSink, budget: Budget) {
    this.sink = sink
    const out = new Share(budget)
    const back = new Share(budget)
    this.requests = {
      sight: 'clear',
      share: out,
      begins: (line) => readRequestLine(line) !== null,
      reader: new MessageReader(
        {
          start: (line) => this.requestLine(line),
          header: (name, value) => this.fields.add(name, value),
          headEnd: () => this.requestHead(),
          body: (bytes, piece) => {
            if (this.sending === null) return
            this.sending.requestBytes += bytes
            this.sending.graphql?.add(piece)
          },
          end: () => this.requestEnd(),
        },
        out,
        'requests',
      ),
    }
    this.responses = {
      sight: 'clear',
      share: back,
      begins: (line) => readStatusLine(line) !== null,
      reader: new MessageReader(
        {
          start: (line) => this.statusLine(line),
          header: (name, value) => this.answerFields.add(name, value),
          headEnd: () => this.responseHead(),
          body: (bytes) => {
            const [exchange] = this.waiting
            if (exchange !== undefined) exchange.responseBytes += bytes
          },
          end: () => this.responseEnd(),
        },
        back,
        'responses',
      ),
    }
  }

  /** Whether what a direction carries stays unknown. */
  isOpaque(direction: 'sent' | 'received'): boolean {
    return this.of(direction).sight !== 'clear'
  }

  push(direction: 'sent' | 'received', data: Buffer, hidden: number, time: number): void {
    const half = this.of(direction)
    this.time = time
    if (half.sight === 'opaque') return
    if (half.sight === 'lost') {
      const end = data.subarray(0, MAX_LINE).indexOf(0x0a)
      const line = data.subarray(0, Math.max(0, end))
      if (!half.begins(line.at(-1) === 0x0d ? line.subarray(0, -1) : line)) return
      half.sight = 'clear'
      half.reader.restart()
      if (half === this.requests) this.restartRequests()
      // Which of several requests this answers can't be told.
      else while (this.waiting.length > 1) this.done(this.waiting.shift())
    }
    try {
      half.reader.push(data)
      half.reader.skip(hidden)
    } catch (error) {
      if (!(error instanceof Undecodable)) throw error
      if (error.reason === 'cut') this.lose(half, 'cut')
      else this.close(half, error.reason)
    }
  }

  /** Bytes are missing. */
  lost(which: 'any' | 'received' = 'any'): void {
    for (const half of which === 'any' ? [this.requests, this.responses] : [this.responses])
      if (half.sight === 'clear') this.lose(half, 'lost')
  }

  end(): void {
    for (const { share } of [this.requests, this.responses]) share.hold(0)
    if (this.sending !== null && !this.waiting.includes(this.sending)) this.done(this.sending)
    for (const exchange of this.waiting.splice(0)) this.done(exchange)
  }

  private of(direction: 'sent' | 'received'): Half {
    return direction === 'sent' ? this.requests : this.responses
  }

  private lose(half: Half, reason: OpaqueReason): void {
    half.sight = 'lost'
    half.reader.restart()
    this.sink.opaque(reason)
  }

  private close(half: Half, reason: OpaqueReason): void {
    half.sight = 'opaque'
    half.reader.leave()
    this.sink.opaque(reason)
  }

  private requestLine(line: Buffer): void {
    this.line = readRequestLine(line)
    if (this.line === null)
      throw new Undecodable(
        this.any || isMeantForRequest(line) ? 'malformed' : 'not-http',
        'no request line',
      )
    this.any = true
    this.fields = new HeadFields('request')
  }

  private requestHead(): Body {
    const { line, fields } = this
    if (line === null) throw new Undecodable('malformed', 'a head without a request line')
    if (line.version === '1.0' && fields.hasCoding)
      throw new Undecodable('malformed', 'a transfer coding of HTTP/1.0')
    const body = fields.body(nothing)
    // Once responses are out of sight, a further request says that those before have had theirs.
    if (this.responses.sight !== 'clear')
      for (const exchange of this.waiting.splice(0)) this.done(exchange)
    if (this.waiting.length >= MAX_PIPELINED)
      throw new Undecodable('limits', 'more requests without a response than are followed')
    const exchange = exchangeOf(fields.head(line), this.time)
    this.sending = exchange
    this.waiting.push(exchange)
    this.sink.request(exchange)
    return body
  }

  private requestEnd(): void {
    const exchange = this.sending
    this.sending = null
    if (exchange === null) return
    endRequest(exchange)
    if (exchange.responseEnded) this.done(exchange)
  }

  /** A request that was cut off by a gap is over: another one has begun. */
  private restartRequests(): void {
    this.requestEnd()
  }

  private statusLine(line: Buffer): void {
    const status = readStatusLine(line)
    if (status === null)
      throw new Undecodable(this.any ? 'malformed' : 'not-http', 'no status line')
    if (this.waiting.length === 0)
      throw new Undecodable('malformed', 'a response before its request')
    this.status = status
    this.answerFields = new HeadFields('response')
  }

  private responseHead(): Body {
    const [exchange] = this.waiting
    const { status } = this
    if (status < 200 && status !== 101) return nothing
    if (exchange !== undefined) exchange.status = status
    const method = exchange?.head.method
    const tunnel = method === 'CONNECT' && status < 300
    if (status === 101 || tunnel) {
      this.sink.opaque(tunnel ? 'tunnel' : 'upgraded')
      this.requests.sight = 'opaque'
      this.requests.reader.leave()
      this.responses.sight = 'opaque'
      if (exchange !== undefined) this.done(this.waiting.shift())
      return { kind: 'other' }
    }
    if (method === 'HEAD' || status === 204 || status === 304) return nothing
    return this.answerFields.body({ kind: 'close' })
  }

  private responseEnd(): void {
    // An interim response: the final one follows.
    if (this.status < 200) return
    const exchange = this.waiting.shift()
    if (exchange === undefined) return
    exchange.responseEnded = true
    if (exchange.requestEnded || this.requests.sight !== 'clear') this.done(exchange)
  }

  private done(exchange: Exchange | undefined): void {
    if (exchange === undefined) return
    if (this.sending === exchange) this.sending = null
    exchange.lastTime = this.time
    endExchange(exchange)
    this.sink.response(exchange)
  }
}
