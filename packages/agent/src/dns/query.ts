import { CLASS_IN, RCODE, TYPE } from './codes.ts'
import { MalformedMessage, readName } from './name.ts'

/** Flags of a header that a query may set and that are passed on: RD, AD, CD. */
const PASSED_FLAGS = 0x0130
const QR = 0x8000
const OPCODE = 0x7800

/** A query that may be looked at. */
export interface Query {
  id: number
  /** The opcode (0 but in what gets an error), RD, AD and CD as they stood. */
  flags: number
  /** The question's own bytes (name, type, class), in the case the client wrote (0x20). */
  question: Buffer
  name: string
  plain: boolean
  type: number
  /** The client's EDNS (RFC 6891), null without. Its options are hop by hop and go no further. */
  edns: { udpSize: number; dnssecOk: boolean } | null
}

/** What is to be done with a message that came to the proxy. */
export type Received =
  | { kind: 'query'; query: Query }
  /** To be answered with this code at once; `query` as far as it could be read. */
  | { kind: 'reply'; rcode: number; query: Query }
  /** No answer: it is no query, or too short to be answered. */
  | { kind: 'drop' }

const HEADER = 12

/**
 * Reads a query strictly: exactly one question, class IN, nothing beside it but one OPT record, no
 * byte left over (whatever else a query could carry would only serve to carry something away).
 * Responses and fragments of a header get no answer; other faults FORMERR (RFC 1035, RFC 9619),
 * other opcodes NOTIMP, EDNS of another version BADVERS, other classes and transfers REFUSED.
 */
export function receiveQuery(message: Buffer): Received {
  if (message.length < HEADER) return { kind: 'drop' }
  const header = message.readUInt16BE(2)
  if (header & QR) return { kind: 'drop' }
  const query: Query = {
    id: message.readUInt16BE(0),
    flags: header & (OPCODE | PASSED_FLAGS),
    question: message.subarray(HEADER, HEADER),
    name: '',
    plain: false,
    type: 0,
    edns: null,
  }
  const reply = (rcode: number): Received => ({ kind: 'reply', rcode, query })
  if (header & OPCODE) return reply(RCODE.NOTIMP)
  const counts = [4, 6, 8, 10].map((at) => message.readUInt16BE(at))
  if (counts[0] !== 1) return reply(RCODE.FORMERR)
  try {
    const name = readName(message, HEADER)
    const end = name.end + 4
    if (end > message.length) return reply(RCODE.FORMERR)
    query.question = message.subarray(HEADER, end)
    query.name = name.text
    query.plain = name.plain
    query.type = message.readUInt16BE(name.end)
    if (counts[1] !== 0 || counts[2] !== 0 || counts[3]! > 1) return reply(RCODE.FORMERR)
    const version = counts[3] === 1 ? readOpt(message, end, query) : 0
    if (counts[3] === 0 && end !== message.length) return reply(RCODE.FORMERR)
    if (version !== 0) return reply(RCODE.BADVERS)
    if (message.readUInt16BE(name.end + 2) !== CLASS_IN) return reply(RCODE.REFUSED)
    const { type } = query
    if (
      type === TYPE.AXFR ||
      type === TYPE.IXFR ||
      type === TYPE.TKEY ||
      type === TYPE.TSIG ||
      type === TYPE.OPT ||
      type === 0
    )
      return reply(RCODE.REFUSED)
    return { kind: 'query', query }
  } catch (error) {
    if (error instanceof MalformedMessage) return reply(RCODE.FORMERR)
    throw error
  }
}

/** Reads the one additional record, which must be OPT and end the message; returns its version. */
function readOpt(message: Buffer, offset: number, query: Query): number {
  if (
    message.length < offset + 11 ||
    message[offset] !== 0 ||
    message.readUInt16BE(offset + 1) !== TYPE.OPT
  )
    throw new MalformedMessage('an additional record that is no OPT')
  const size = message.readUInt16BE(offset + 9)
  if (offset + 11 + size !== message.length)
    throw new MalformedMessage('OPT does not end the message')
  for (let at = offset + 11; at < message.length;) {
    if (at + 4 > message.length) throw new MalformedMessage('an option is cut off')
    at += 4 + message.readUInt16BE(at + 2)
    if (at > message.length) throw new MalformedMessage('an option is cut off')
  }
  query.edns = {
    udpSize: Math.max(512, message.readUInt16BE(offset + 3)),
    dnssecOk: (message.readUInt16BE(offset + 7) & 0x8000) !== 0,
  }
  return message[offset + 6]!
}

/**
 * The query as it goes upstream: with an id of our own, its name in lower case (capitals could carry a bit in
 * each letter of an allowed name), and an OPT without options when the client sent one.
 */
export function writeQuery(query: Query, id: number): Buffer {
  const { question, edns } = query
  const message = Buffer.allocUnsafe(HEADER + question.length + (edns ? 11 : 0))
  message.writeUInt16BE(id, 0)
  message.writeUInt16BE(query.flags, 2)
  message.writeUInt32BE(0x0001_0000, 4)
  message.writeUInt32BE(edns ? 1 : 0, 8)
  question.copy(message, HEADER)
  // Lengths of labels are below the letters; type and class are the last four bytes.
  for (let at = HEADER; at < HEADER + question.length - 4; at++)
    if (message[at]! >= 0x41 && message[at]! <= 0x5a) message[at]! += 0x20
  if (edns) writeOpt(message, HEADER + question.length, edns.udpSize, edns.dnssecOk, 0, 0)
  return message
}

/** Writes the fixed 11 bytes of an OPT record whose options take `size` bytes. */
export function writeOpt(
  message: Buffer,
  at: number,
  udpSize: number,
  dnssecOk: boolean,
  extendedRcode: number,
  size: number,
): void {
  message[at] = 0
  message.writeUInt16BE(TYPE.OPT, at + 1)
  message.writeUInt16BE(udpSize, at + 3)
  message[at + 5] = extendedRcode
  message[at + 6] = 0
  message.writeUInt16BE(dnssecOk ? 0x8000 : 0, at + 7)
  message.writeUInt16BE(size, at + 9)
}
