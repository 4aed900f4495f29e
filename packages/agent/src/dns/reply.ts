import type { Answer } from './answer.ts'
import { EDE_BLOCKED, RCODE, TYPE } from './codes.ts'
import { withoutEch } from './ech.ts'
import { type Query, writeOpt } from './query.ts'

const HEADER = 12
const QR = 0x8000
const RA = 0x0080
const TC = 0x0200
const OUR_UDP_SIZE = 1232
/** Longest text of an Extended DNS Error, so that a refusal fits in the smallest datagram. */
const MAX_TEXT = 160

/**
 * An answer of our own without records: refusal, failure, or error. With `blocked` it says why as
 * Extended DNS Error 15 (RFC 8914), provided the client speaks EDNS.
 */
export function writeReply(query: Query, rcode: number, blocked?: string): Buffer {
  const text = blocked === undefined ? null : errorText(blocked)
  const options = query.edns && text ? 4 + 2 + text.length : 0
  const { question } = query
  const opt = HEADER + question.length
  const message = Buffer.alloc(opt + (query.edns ? 11 + options : 0))
  message.writeUInt16BE(query.id, 0)
  message.writeUInt16BE(QR | RA | (query.flags & 0x7910) | (rcode & 0xf), 2)
  message.writeUInt16BE(question.length > 0 ? 1 : 0, 4)
  question.copy(message, HEADER)
  if (!query.edns) return message
  message.writeUInt16BE(1, 10)
  writeOpt(message, opt, OUR_UDP_SIZE, query.edns.dnssecOk, rcode >> 4, options)
  if (text) {
    message.writeUInt16BE(15, opt + 11)
    message.writeUInt16BE(2 + text.length, opt + 13)
    message.writeUInt16BE(EDE_BLOCKED, opt + 15)
    text.copy(message, opt + 17)
  }
  return message
}

/** An answer without records that says that the whole one does not fit: the client asks again over TCP. */
function writeTruncated(query: Query, rcode: number): Buffer {
  const message = writeReply(query, rcode)
  message.writeUInt16BE(message.readUInt16BE(2) | TC, 2)
  return message
}

function errorText(text: string): Buffer {
  const bytes = Buffer.from(text)
  if (bytes.length <= MAX_TEXT) return bytes
  let end = MAX_TEXT
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--
  return bytes.subarray(0, end)
}

/** Record data that we answer with for a name of this machine itself (RFC 6761 §6.3, RFC 6303). */
export function writeLocalReply(query: Query, data: Buffer | null): Buffer {
  const bare = writeReply(query, RCODE.NOERROR)
  if (!data) return bare
  const record = Buffer.alloc(12 + data.length)
  record.writeUInt16BE(0xc00c, 0)
  record.writeUInt16BE(query.type, 2)
  record.writeUInt16BE(1, 4)
  record.writeUInt32BE(60, 6)
  record.writeUInt16BE(data.length, 10)
  data.copy(record, 12)
  const opt = HEADER + query.question.length
  bare.writeUInt16BE(1, 6)
  return Buffer.concat([bare.subarray(0, opt), record, bare.subarray(opt)])
}

/** Record data for `localhost` and names under it, or null when there is none of this type. */
export function localhostData(type: number): Buffer | null {
  if (type === TYPE.A) return Buffer.from([127, 0, 0, 1])
  if (type === TYPE.AAAA) return Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
  return null
}

/** What the client gets of an upstream's answer. Throws MalformedMessage. */
export function clientsAnswer(
  message: Buffer,
  answer: Answer,
  query: Query,
  protocol: 'udp' | 'tcp',
): Buffer {
  if (message.readUInt16BE(4) === 0) return writeReply(query, answer.rcode)
  // One that was cut off is asked for again; what is left of it need not be understood.
  if (answer.unread || (answer.bindings && answer.truncated))
    return writeTruncated(query, answer.rcode)
  if (!answer.bindings) return adoptAnswer(message, query)
  const open = withoutEch(message)
  // Without compression that it had against the rules it may have grown.
  const room = protocol === 'tcp' ? 0xffff : Math.max(message.length, query.edns?.udpSize ?? 512)
  return open.length > room ? writeTruncated(query, answer.rcode) : adoptAnswer(open, query)
}

/** Makes an upstream's answer the client's: its id, and its question in the case it wrote. */
function adoptAnswer(answer: Buffer, query: Query): Buffer {
  answer.writeUInt16BE(query.id, 0)
  if (answer.readUInt16BE(4) === 1) query.question.copy(answer, HEADER)
  return answer
}
