import { Budget } from '../../src/https/budget.ts'
import type { Exchange } from '../../src/https/exchange.ts'
import { HttpSession, type Opaque } from '../../src/https/session.ts'
import type { Piece } from './record.ts'

/** What a session's decoder told. */
export interface Seen {
  exchanges: Exchange[]
  /** Those of which `response` was told. */
  ended: Exchange[]
  opaque: Opaque | null
  /** `GET https://host/path -> 200, 0 bytes up, 12 down` */
  lines: string[]
  /** Bytes of the budget that were not given back. */
  held: number
}

const room = 1 << 24

/** Decodes one connection. */
export function decode(pieces: Iterable<Piece>): Seen {
  const exchanges: Exchange[] = []
  const ended: Exchange[] = []
  const budget = new Budget(room)
  const session = new HttpSession(
    { request: (one) => exchanges.push(one), response: (one) => ended.push(one) },
    budget,
  )
  for (const piece of pieces) session.push({ ...piece, data: Buffer.from(piece.data) })
  session.end()
  return {
    exchanges,
    ended,
    opaque: session.opaque,
    lines: exchanges.map(lineOf),
    held: room - budget.free,
  }
}

function lineOf({ head, status, requestBytes, responseBytes }: Exchange): string {
  const { method, scheme, host, path } = head
  return `${method} ${scheme}://${host}${path} -> ${status}, ${requestBytes} up, ${responseBytes} down`
}

/** Pieces from texts: `>` sent, `<` received. */
export function talk(...texts: (string | Buffer)[]): Piece[] {
  return texts.map((text, index) => {
    const bytes = typeof text === 'string' ? Buffer.from(text, 'latin1') : text
    const data = bytes.subarray(1)
    const direction = bytes[0] === 0x3e ? 'sent' : 'received'
    return { direction, data, size: data.length, time: index + 1, lost: false }
  })
}

/** The same bytes in pieces of at most `size` bytes. */
export function cut(pieces: readonly Piece[], size: (index: number) => number): Piece[] {
  const parts: Piece[] = []
  for (const piece of pieces) {
    for (let at = 0; at < piece.data.length;) {
      const data = piece.data.subarray(at, at + Math.max(1, size(parts.length)))
      parts.push({ ...piece, data, size: data.length })
      at += data.length
    }
  }
  return parts
}

/** Each call as a probe would show it that captures `most` bytes of it. */
export function captured(pieces: readonly Piece[], most: number, end = 0): Piece[] {
  return pieces.flatMap((piece) => {
    const { data } = piece
    if (data.length <= most + end) return piece
    const size = data.length - end
    const beginning = { ...piece, data: data.subarray(0, most), size }
    return end === 0 ? beginning : [beginning, { ...piece, data: data.subarray(size), size: end }]
  })
}
