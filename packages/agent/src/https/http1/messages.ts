import type { Share } from '../budget.ts'
import { keptValue } from '../kept-value.ts'
import { MAX_HEAD, MAX_LINE, MAX_VALUE } from '../limits.ts'
import { Undecodable } from '../undecodable.ts'

/** How a message's body ends. */
export type Body =
  | { kind: 'length'; bytes: number }
  | { kind: 'chunked' }
  /** With the connection. */
  | { kind: 'close' }
  /** What follows is another protocol. */
  | { kind: 'other' }

/** Takes the messages of one direction. */
export interface MessageSink {
  /** @throws Undecodable when it is no start line */
  start(line: Buffer): void
  /** A header field that is looked at, in lower case, with what is kept of its value. */
  header(name: string, value: string): void
  /** @throws Undecodable when it can't be told */
  headEnd(): Body
  /** @param piece undefined: they were not captured */
  body(bytes: number, piece?: Buffer): void
  /** The message is whole. */
  end(): void
}

const nothing: Buffer = Buffer.alloc(0)

type State = 'start' | 'header' | 'size' | 'trailer' | 'data' | 'data-end' | 'until-close' | 'other'

/**
 * Reads the HTTP/1 messages of one direction of a connection (RFC 9112), however they are cut into
 * pieces. Holds no more than one line, which it wipes. Of requests it takes only what all servers read alike: a
 * server that sees other lines than these sees other requests. Responses may be written as servers write them.
 */
export class MessageReader {
  private readonly sink: MessageSink
  private readonly share: Share
  private readonly ofRequests: boolean
  private state: State = 'start'
  /** Bytes of the body, or of the chunk, that are still to come. */
  private left = 0
  private chunked = false
  private head = 0
  /** The beginning of a line whose end has not come, and how long it is by now. */
  private line = nothing
  private lineLength = 0
  /** Its last byte was a CR. */
  private returned = false
  /** There was a message. */
  private begun = false

  constructor(sink: MessageSink, share: Share, of: 'requests' | 'responses') {
    this.sink = sink
    this.share = share
    this.ofRequests = of === 'requests'
  }

  /** Between messages. */
  get isIdle(): boolean {
    return this.state === 'start' && this.lineLength === 0
  }

  /** @throws Undecodable */
  push(bytes: Buffer): void {
    let at = 0
    while (at < bytes.length) {
      if (this.state === 'other') return
      if (this.state === 'until-close') {
        this.sink.body(bytes.length - at, bytes.subarray(at))
        return
      }
      if (this.state === 'data') {
        const count = Math.min(this.left, bytes.length - at)
        const piece = bytes.subarray(at, at + count)
        at += count
        this.data(count, piece)
        continue
      }
      const newline = bytes.indexOf(0x0a, at)
      if (this.ofRequests) this.checkLine(bytes, at, newline)
      if (newline < 0) return this.hold(bytes.subarray(at))
      if (this.lineLength > 0) this.complete(bytes.subarray(at, newline))
      else {
        this.count(newline - at + 1)
        this.take(bytes, at, newline)
      }
      at = newline + 1
    }
  }

  /** So many bytes passed that were not seen. @throws Undecodable when it matters what they were */
  skip(count: number): void {
    if (count === 0 || this.state === 'other') return
    if (this.state === 'until-close') return this.sink.body(count)
    if (this.state !== 'data' || count > this.left)
      throw new Undecodable('cut', 'a head or a chunk in bytes that were not captured')
    this.data(count)
  }

  /** What comes next begins a message, whatever came before. */
  restart(): void {
    this.state = 'start'
    this.head = 0
    this.dropLine()
  }

  /** Another protocol follows. */
  leave(): void {
    this.state = 'other'
    this.dropLine()
  }

  private hold(piece: Buffer): void {
    this.lineLength += piece.length
    const room = (this.state === 'header' || this.state === 'trailer' ? MAX_VALUE : MAX_LINE) + 64
    const kept = piece.subarray(0, Math.max(0, room - this.line.length))
    const longer = Buffer.concat([this.line, kept])
    this.line.fill(0)
    this.line = longer
    this.share.hold(longer.length)
    this.count(0)
  }

  private complete(piece: Buffer): void {
    this.hold(piece)
    this.count(this.lineLength + 1)
    const { line } = this
    try {
      this.take(line, 0, line.length)
    } finally {
      this.dropLine()
      line.fill(0)
    }
  }

  /**
   * CR LF ends a line, and nothing else does: neither a LF nor a CR by itself, nor another control character.
   * @param newline below 0: it is not there yet
   */
  private checkLine(bytes: Buffer, from: number, newline: number): void {
    const to = newline < 0 ? bytes.length : newline
    let { returned } = this
    for (let at = from; at < to; at++) {
      const byte = bytes[at] ?? 0
      if (returned || (byte < 0x20 && byte !== 0x09 && byte !== 0x0d) || byte === 0x7f)
        throw new Undecodable(
          this.state === 'start' && !this.begun ? 'not-http' : 'malformed',
          'a control character in a line',
        )
      returned = byte === 0x0d
    }
    // A first line may be none of HTTP's: the sink says so.
    if (newline >= 0 && !returned && this.state !== 'start') throw withoutReturn()
    this.returned = returned && newline < 0
  }

  private dropLine(): void {
    this.returned = false
    this.line.fill(0)
    this.line = nothing
    this.lineLength = 0
    this.share.hold(0)
  }

  /** Heads and trailers have an end. */
  private count(bytes: number): void {
    this.head += bytes
    if (this.head + this.lineLength > MAX_HEAD) throw new Undecodable('limits', 'an endless head')
    if (this.lineLength > MAX_LINE && (this.state === 'start' || this.state === 'size'))
      throw new Undecodable('limits', 'an endless line')
  }

  /** A line is in `bytes`, with its CR: none is cut out of it that nobody looks at. */
  private take(bytes: Buffer, from: number, newline: number): void {
    const to = newline > from && bytes[newline - 1] === 0x0d ? newline - 1 : newline
    switch (this.state) {
      case 'start': {
        const bare = this.ofRequests && to === newline
        // Empty lines before a message are to be skipped (RFC 9112 §2.2).
        if (to === from && !bare) return
        if (to - from > MAX_LINE) throw new Undecodable('limits', 'an endless line')
        this.sink.start(bytes.subarray(from, to))
        if (bare) throw withoutReturn()
        this.begun = true
        this.state = 'header'
        return
      }
      case 'header':
        return to === from ? this.bodyBegins() : this.header(bytes, from, to)
      case 'trailer':
        if (to === from) this.finish()
        // Servers that know of no trailers take it for what follows the request.
        else if (this.ofRequests) this.nameEnd(bytes, from, to)
        return
      case 'size':
        return this.size(bytes.subarray(from, to))
      case 'data-end':
        if (to > from) throw new Undecodable('malformed', 'a chunk longer than its size')
        this.state = 'size'
        this.head = 0
        return
      default:
    }
  }

  /** Where the name of a header line ends. */
  private nameEnd(bytes: Buffer, from: number, to: number): number {
    let colon = from
    while (colon < to && bytes[colon] !== 0x3a) colon++
    // A line that begins with a blank goes on with the one before it: servers differ in what they make of it.
    if (colon === from || colon === to || isBlank(bytes[from]))
      throw new Undecodable('malformed', 'a header line that is none')
    if (!this.ofRequests) return colon
    for (let at = from; at < colon; at++)
      if (inNames[bytes[at] ?? 0] === 0)
        throw new Undecodable('malformed', 'a header name that is none')
    return colon
  }

  private header(bytes: Buffer, from: number, to: number): void {
    const colon = this.nameEnd(bytes, from, to)
    if (colon - from > 64) return
    if (isSpace(bytes[colon - 1])) throw new Undecodable('malformed', 'a blank before a colon')
    if (!mayCount(bytes, from, colon)) return
    const name = bytes.toString('latin1', from, colon).toLowerCase()
    if (!counting.has(name)) return
    if (this.ofRequests && to - from > MAX_VALUE && name !== 'authorization')
      throw new Undecodable('malformed', 'a value longer than is looked at')
    this.sink.header(
      name,
      keptValue(name, trimmed(bytes, colon + 1, Math.min(to, from + MAX_VALUE))),
    )
  }

  private bodyBegins(): void {
    this.head = 0
    const body = this.sink.headEnd()
    this.chunked = body.kind === 'chunked'
    if (body.kind === 'length') {
      this.left = body.bytes
      this.state = 'data'
      if (this.left === 0) this.finish()
    } else {
      this.state = ({ chunked: 'size', close: 'until-close', other: 'other' } as const)[body.kind]
    }
  }

  private size(line: Buffer): void {
    const digits = /^([0-9a-f]{1,12})[ \t]*(?:;|$)/i.exec(line.toString('latin1'))?.[1]
    if (digits === undefined) throw new Undecodable('malformed', 'a chunk without a size')
    this.left = parseInt(digits, 16)
    this.state = this.left === 0 ? 'trailer' : 'data'
    this.head = 0
  }

  private data(count: number, piece?: Buffer): void {
    this.left -= count
    if (count > 0) this.sink.body(count, piece)
    if (this.left > 0) return
    if (this.chunked) this.state = 'data-end'
    else this.finish()
  }

  private finish(): void {
    this.state = 'start'
    this.head = 0
    this.sink.end()
  }
}

function withoutReturn(): Undecodable {
  return new Undecodable('malformed', 'a line that ends without CR')
}

/** Fields of HTTP/1 whose value is looked at. */
const counting = new Set(['host', 'content-length', 'transfer-encoding', 'authorization'])
const firstLetters = new Map([...counting].map((name) => [name.length, name.charCodeAt(0)]))

/** Bytes of a field's name (RFC 9110 §5.6.2). */
const inNames = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(/[!#$%&'*+.^_`|~0-9A-Za-z-]/.test(String.fromCharCode(byte))),
)

/** By the length of the name and its first letter: nearly all fields are none of those. */
function mayCount(bytes: Buffer, from: number, to: number): boolean {
  return firstLetters.get(to - from) === ((bytes[from] ?? 0) | 0x20)
}

function trimmed(bytes: Buffer, begin: number, end: number): Buffer {
  let from = begin
  let to = end
  while (from < to && isBlank(bytes[from])) from++
  while (to > from && isBlank(bytes[to - 1])) to--
  return bytes.subarray(from, to)
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09
}

/** What String.trimEnd() takes away, as far as a byte can be it. */
function isSpace(byte = 0): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d) || byte === 0xa0
}
