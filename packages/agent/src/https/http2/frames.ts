import type { Share } from '../budget.ts'
import { MAX_HEADER_BLOCK } from '../limits.ts'
import { Undecodable } from '../undecodable.ts'

const HEADER_BYTES = 9
const DATA = 0
const HEADERS = 1
const RST_STREAM = 3
const PUSH_PROMISE = 5
const CONTINUATION = 9
const END_STREAM = 0x1
const END_HEADERS = 0x4
const PADDED = 0x8
const PRIORITY = 0x20

/** Takes what one direction of a connection holds. */
export interface FrameSink {
  /** A header block, whole. Its bytes are wiped when this returns. `promised`: of a PUSH_PROMISE. */
  headers(stream: number, block: Buffer, endStream: boolean, promised: boolean): void
  /** Bytes of content, without padding; zero at the end of an empty frame. `piece` undefined: they were not captured. */
  data(stream: number, bytes: number, endStream: boolean, piece?: Buffer): void
  reset(stream: number): void
}

/** Reads the frames of one direction of an HTTP/2 connection (RFC 9113 §4, §6), however they are cut into pieces. */
export class FrameReader {
  private readonly sink: FrameSink
  private readonly share: Share
  private readonly header = Buffer.alloc(HEADER_BYTES)
  private headerAt = 0
  private type = -1
  private flags = 0
  private stream = 0
  /** Bytes of the frame's payload that are still to come. */
  private left = 0
  /** Of a DATA frame: bytes of padding at its end; -1: not read yet. */
  private padding = 0
  /** The payload of a frame with a header block, as far as it is there. */
  private payload = Buffer.alloc(0)
  private payloadAt = 0
  /** A header block that goes on in CONTINUATION frames. */
  private open: { stream: number; endStream: boolean; promised: boolean; block: Buffer } | null =
    null

  constructor(sink: FrameSink, share: Share) {
    this.sink = sink
    this.share = share
  }

  /** @throws Undecodable */
  push(bytes: Buffer): void {
    let at = 0
    while (at < bytes.length) {
      if (this.headerAt < HEADER_BYTES) {
        const copied = bytes.copy(this.header, this.headerAt, at)
        this.headerAt += copied
        at += copied
        if (this.headerAt === HEADER_BYTES) this.begin()
        continue
      }
      const piece = bytes.subarray(at, at + this.left)
      at += piece.length
      this.take(piece)
    }
  }

  /** So many bytes passed that were not seen. @throws Undecodable when it matters what they were */
  skip(count: number): void {
    if (count === 0) return
    const content = this.headerAt === HEADER_BYTES && this.padding >= 0 && !this.holdsBlock
    if (!content || count > this.left)
      throw new Undecodable('cut', 'frames in bytes that were not captured')
    this.content(count)
  }

  private get holdsBlock(): boolean {
    return this.type === HEADERS || this.type === PUSH_PROMISE || this.type === CONTINUATION
  }

  private begin(): void {
    const { header } = this
    this.left = header.readUIntBE(0, 3)
    this.type = header.readUInt8(3)
    this.flags = header.readUInt8(4)
    this.stream = header.readUInt32BE(5) & 0x7fffffff
    this.padding = this.type === DATA && (this.flags & PADDED) !== 0 ? -1 : 0
    const { type, open } = this
    if (open !== null && (type !== CONTINUATION || open.stream !== this.stream))
      throw new Undecodable('malformed', 'a frame amid a header block')
    if (open === null && type === CONTINUATION)
      throw new Undecodable('malformed', 'a CONTINUATION of nothing')
    if ((type === DATA || this.holdsBlock) && this.stream === 0)
      throw new Undecodable('malformed', 'content on stream 0')
    if (this.holdsBlock) {
      if (this.left + (open?.block.length ?? 0) > MAX_HEADER_BLOCK)
        throw new Undecodable('limits', 'a header block larger than is followed')
      this.share.hold(this.left + (open?.block.length ?? 0))
      this.payload = Buffer.alloc(this.left)
      this.payloadAt = 0
    }
    if (this.left === 0) this.take(this.payload.subarray(0, 0))
  }

  private take(piece: Buffer): void {
    if (this.holdsBlock) {
      this.payloadAt += piece.copy(this.payload, this.payloadAt)
      this.left -= piece.length
      if (this.left === 0) this.endOfBlock()
      return
    }
    if (this.padding >= 0) return this.content(piece.length, piece)
    const [padding] = piece
    if (padding === undefined || padding > this.left - 1)
      throw new Undecodable('malformed', 'more padding than payload')
    this.padding = padding
    this.left -= 1
    this.content(piece.length - 1, piece.subarray(1))
  }

  /** Bytes of a frame without a header block. */
  private content(count: number, piece?: Buffer): void {
    const unpadded = this.left - this.padding
    this.left -= count
    const end = this.left === 0
    if (this.type === DATA) {
      const endStream = end && (this.flags & END_STREAM) !== 0
      const bytes = Math.max(0, Math.min(count, unpadded))
      this.sink.data(this.stream, bytes, endStream, piece?.subarray(0, bytes))
    }
    if (!end) return
    this.headerAt = 0
    if (this.type === RST_STREAM) this.sink.reset(this.stream)
  }

  private endOfBlock(): void {
    const { type, flags, stream, payload } = this
    let from = 0
    let to = payload.length
    if (type !== CONTINUATION && (flags & PADDED) !== 0) {
      from = 1
      to -= payload[0] ?? 0
    }
    if (type === HEADERS && (flags & PRIORITY) !== 0) from += 5
    if (type === PUSH_PROMISE) from += 4
    if (from > to) throw new Undecodable('malformed', 'more padding than payload')
    const known = this.open
    const block =
      known === null ? payload.subarray(from, to) : Buffer.concat([known.block, payload])
    const endStream = known?.endStream ?? (type === HEADERS && (flags & END_STREAM) !== 0)
    const promised = known?.promised ?? type === PUSH_PROMISE
    this.payload = Buffer.alloc(0)
    this.headerAt = 0
    if (known !== null) {
      known.block.fill(0)
      payload.fill(0)
    }
    if ((flags & END_HEADERS) === 0) {
      this.open = { stream, endStream, promised, block }
      return
    }
    this.open = null
    this.share.hold(0)
    try {
      this.sink.headers(stream, block, endStream, promised)
    } finally {
      block.fill(0)
    }
  }
}
