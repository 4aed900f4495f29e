import { CLASS_IN, RCODE, TYPE } from './codes.ts'
import { formatAddress, fromIpv4, type Address } from './address.ts'
import { MalformedMessage, readName } from './name.ts'
import type { Query } from './query.ts'

/** Longest chain of aliases that is followed; an answer with a longer one is malformed. */
export const MAX_CHAIN = 16
/** Addresses of one answer that are learned. */
export const MAX_ADDRESSES = 256

/** One address that an answer led to. */
export interface AnswerAddress {
  address: Address
  text: string
  /** Seconds: the least of the record's and of the aliases' that led to it. */
  ttl: number
}

/** What an answer means for policy. */
export interface Answer {
  rcode: number
  truncated: boolean
  /** Names between the question and the addresses, in order, and the targets of service bindings. */
  aliases: string[]
  addresses: AnswerAddress[]
  /** It has more than these. */
  more: boolean
  /** It holds service bindings (HTTPS, SVCB). */
  bindings: boolean
  /** It was cut off, and not all that is left of it could be read. */
  unread: boolean
}

interface Record {
  owner: string
  type: number
  ttl: number
  data: number
  end: number
}

/**
 * Is this the answer to the query? Id, question and the response bit must agree (the source address
 * is the socket's matter). An error without a question counts (RFC 1035 servers that could not read
 * the query), as it can carry nothing.
 */
export function answersQuery(message: Buffer, query: Query, id: number): boolean {
  if (message.length < 12 || message.readUInt16BE(0) !== id) return false
  const header = message.readUInt16BE(2)
  if ((header & 0xf800) !== 0x8000) return false
  const questions = message.readUInt16BE(4)
  if (questions === 0)
    return (
      (header & 0xf) !== RCODE.NOERROR &&
      (header & 0xf) !== RCODE.NXDOMAIN &&
      message.readUInt16BE(6) === 0
    )
  const { question } = query
  if (questions !== 1 || message.length < 12 + question.length) return false
  for (let i = 0; i < question.length; i++) {
    const asked = question[i]!
    const told = message[12 + i]!
    if (asked === told) continue
    // Letters differ from their other case in this one bit; the four bytes after the name are compared as they are.
    if (i >= question.length - 4 || (asked ^ told) !== 0x20 || !isLetter(asked)) return false
  }
  return true
}

function isLetter(byte: number): boolean {
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x7a
}

/**
 * Reads what an answer leads to: the addresses reached from the queried name through the aliases of
 * the answer section alone (a DNAME counts by the CNAME made from it, RFC 6672 §3.1). Records of other owners and other sections mean nothing.
 * Throws MalformedMessage; a truncated answer is read as far as it goes.
 */
export function readAnswer(message: Buffer, query: Query): Answer {
  const header = message.readUInt16BE(2)
  const truncated = (header & 0x0200) !== 0
  const answer: Answer = {
    rcode: header & 0xf,
    truncated,
    aliases: [],
    addresses: [],
    more: false,
    bindings: false,
    unread: false,
  }
  if (message.readUInt16BE(4) === 0) return answer
  const records: Record[] = []
  let at = 12 + query.question.length
  try {
    for (let left = message.readUInt16BE(6); left > 0; left--) {
      const record = readRecord(message, at, query.name)
      if (leads(record.type)) records.push(record)
      if (record.type === TYPE.HTTPS || record.type === TYPE.SVCB) answer.bindings = true
      at = record.end
    }
  } catch (error) {
    if (!truncated || !(error instanceof MalformedMessage)) throw error
    answer.unread = true
  }
  follow(message, query.name, records, answer)
  return answer
}

/** Reads one record's frame; a record of another class gets type 0, which leads nowhere. */
function readRecord(message: Buffer, at: number, asked: string): Record {
  // Nearly every owner is a pointer to the question: no need to read it again.
  const name = message[at] === 0xc0 && message[at + 1] === 0x0c ? null : readName(message, at)
  const head = name ? name.end : at + 2
  if (head + 10 > message.length) throw new MalformedMessage('a record is cut off')
  const data = head + 10
  const end = data + message.readUInt16BE(head + 8)
  if (end > message.length)
    throw new MalformedMessage('record data run past the end of the message')
  const ttl = message.readUInt32BE(head + 4)
  return {
    owner: name ? name.text : asked,
    type: message.readUInt16BE(head + 2) === CLASS_IN ? message.readUInt16BE(head) : 0,
    // RFC 2181 §8: a value with the highest bit set is zero.
    ttl: ttl > 0x7fff_ffff ? 0 : ttl,
    data,
    end,
  }
}

function leads(type: number): boolean {
  return (
    type === TYPE.A ||
    type === TYPE.AAAA ||
    type === TYPE.CNAME ||
    type === TYPE.HTTPS ||
    type === TYPE.SVCB
  )
}

function follow(message: Buffer, asked: string, records: Record[], answer: Answer): void {
  const byOwner = new Map<string, Record[]>()
  for (const record of records) {
    const same = byOwner.get(record.owner)
    if (same) same.push(record)
    else byOwner.set(record.owner, [record])
  }
  const seen = new Set([asked])
  let name = asked
  let ttl = 0x7fff_ffff
  for (;;) {
    const [alias, ...more] = (byOwner.get(name) ?? []).filter(({ type }) => type === TYPE.CNAME)
    if (!alias) break
    name = target(message, alias)
    // Every name that the client may follow is compared with the block list, so there must be no other (RFC 2181 §10.1).
    if (more.some((other) => target(message, other) !== name))
      throw new MalformedMessage('a name with several aliases')
    ttl = Math.min(ttl, alias.ttl)
    if (seen.has(name)) return
    if (seen.size > MAX_CHAIN) throw new MalformedMessage('a chain of too many aliases')
    seen.add(name)
    answer.aliases.push(name)
  }
  const found = new Set<string>()
  for (const record of byOwner.get(name) ?? []) {
    const least = Math.min(ttl, record.ttl)
    for (const address of addressesOf(message, record, answer.aliases)) {
      const text = formatAddress(address)
      if (found.has(text)) continue
      if (found.size >= MAX_ADDRESSES) {
        answer.more = true
        continue
      }
      found.add(text)
      answer.addresses.push({ address, text, ttl: least })
    }
  }
}

function target(message: Buffer, record: Record): string {
  const name = readName(message, record.data)
  if (name.end !== record.end) throw new MalformedMessage('an alias does not fill its record')
  return name.text
}

function addressesOf(message: Buffer, record: Record, aliases: string[]): Address[] {
  const size = record.end - record.data
  switch (record.type) {
    case TYPE.A:
      if (size !== 4) throw new MalformedMessage('an A record that holds no address')
      return [fromIpv4(message, record.data)]
    case TYPE.AAAA:
      if (size !== 16) throw new MalformedMessage('an AAAA record that holds no address')
      return [Buffer.from(message.subarray(record.data, record.end))]
    case TYPE.HTTPS:
    case TYPE.SVCB:
      return hints(message, record, aliases)
    default:
      return []
  }
}

const IPV4HINT = 4
const IPV6HINT = 6

/**
 * Addresses that a service binding tells clients to connect to (RFC 9460 §7.3), and its target name. They
 * count as A and AAAA records do: whoever gives the binding could give these. Those of AliasMode count
 * nothing, as clients must ignore them.
 */
function hints(message: Buffer, record: Record, aliases: string[]): Address[] {
  if (record.end - record.data < 3) throw new MalformedMessage('a service binding is cut off')
  const name = readName(message, record.data + 2, record.end)
  if (name.text !== '') aliases.push(name.text)
  const alias = message.readUInt16BE(record.data) === 0
  const found: Address[] = []
  for (let at = name.end; at < record.end;) {
    if (at + 4 > record.end) throw new MalformedMessage('a service parameter is cut off')
    const key = message.readUInt16BE(at)
    const stop = at + 4 + message.readUInt16BE(at + 2)
    if (stop > record.end) throw new MalformedMessage('a service parameter is cut off')
    if (key === IPV4HINT && !alias)
      for (let i = at + 4; i + 4 <= stop; i += 4) found.push(fromIpv4(message, i))
    if (key === IPV6HINT && !alias)
      for (let i = at + 4; i + 16 <= stop; i += 16)
        found.push(Buffer.from(message.subarray(i, i + 16)))
    at = stop
  }
  return found
}
