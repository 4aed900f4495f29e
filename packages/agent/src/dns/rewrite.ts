import { TYPE } from './codes.ts'
import { MalformedMessage } from './name.ts'

/** A record as it stands in a message. */
export interface RawRecord {
  /** 0 answer, 1 authority, 2 additional. */
  section: number
  owner: number
  /** Type, class, TTL and length begin here. */
  head: number
  type: number
  data: number
  end: number
}

const HEADER = 12
const MAX_NAME = 255
const MAX_MESSAGE = 0xffff
/** Pointers have 14 bits. */
const FARTHEST_POINTER = 0x3fff

/**
 * Where names stand in the data of types whose names some server may compress: bytes before the first,
 * and how many. In the data of all other types names are never compressed (RFC 3597 §4).
 */
const NAMES = new Map<number, readonly [number, number]>([
  ...[TYPE.NS, 3, 4, TYPE.CNAME, 7, 8, 9, TYPE.PTR, TYPE.DNAME].map(
    (type) => [type, [0, 1]] as const,
  ),
  ...[TYPE.SOA, 14, 17].map((type) => [type, [0, 2]] as const),
  ...[TYPE.MX, 18, 21, 36, TYPE.SVCB, TYPE.HTTPS].map((type) => [type, [2, 1]] as const),
  [26, [2, 2]],
  [TYPE.SRV, [6, 1]],
])

/** The frames of all records of a message with one question. Throws MalformedMessage. */
export function readRecords(message: Buffer): RawRecord[] {
  const records: RawRecord[] = []
  let at = wireName(message, HEADER).end + 4
  for (let section = 0; section < 3; section++) {
    for (let left = message.readUInt16BE(6 + 2 * section); left > 0; left--) {
      const owner = at
      const head = wireName(message, owner).end
      if (head + 10 > message.length) throw new MalformedMessage('a record is cut off')
      const data = head + 10
      const end = data + message.readUInt16BE(head + 8)
      if (end > message.length)
        throw new MalformedMessage('record data run past the end of the message')
      records.push({ section, owner, head, type: message.readUInt16BE(head), data, end })
      at = end
    }
  }
  return records
}

/** The wire form of a name without compression, in the case it was written in, and where it ends. */
export function wireName(message: Buffer, offset: number): { name: Buffer; end: number } {
  const labels: Buffer[] = []
  let length = 1
  let end = -1
  let at = offset
  let lowest = offset
  for (;;) {
    const size = message[at]
    if (size === undefined) throw new MalformedMessage('a name runs past the end of the message')
    if (size === 0) break
    if (size >= 0xc0) {
      const target = ((size & 0x3f) << 8) | (message[at + 1] ?? 0)
      if (end < 0) end = at + 2
      if (target >= lowest || target < HEADER)
        throw new MalformedMessage('a compression pointer does not lead back')
      lowest = target
      at = target
      continue
    }
    length += size + 1
    if (size > 63 || length > MAX_NAME || at + 1 + size > message.length)
      throw new MalformedMessage('a name that is too long')
    labels.push(message.subarray(at, at + 1 + size))
    at += 1 + size
  }
  return { name: Buffer.concat([...labels, Buffer.from([0])]), end: end < 0 ? at + 1 : end }
}

/**
 * Writes a message anew from the records of another one, whose places then differ. Names that were compressed
 * against the rules grow: throws MalformedMessage where a message would outgrow what DNS can carry, and with it
 * any record of it.
 */
export class MessageWriter {
  readonly #from: Buffer
  readonly #parts: Buffer[] = []
  readonly #places = new Map<string, number>()
  readonly #counts = [0, 0, 0]
  #length = 0

  /** Takes over header and question. */
  constructor(from: Buffer) {
    this.#from = from
    const { name, end } = wireName(from, HEADER)
    this.#add(Buffer.from(from.subarray(0, HEADER)))
    this.#addName(name, true)
    this.#add(from.subarray(end, end + 4))
  }

  /** Adds a record; `data` in place of its own, with no compressed names in it. */
  add(record: RawRecord, data?: Buffer): void {
    const { section, owner, head, type } = record
    this.#counts[section]!++
    this.#addName(wireName(this.#from, owner).name, true)
    const fixed = Buffer.from(this.#from.subarray(head, head + 10))
    this.#add(fixed)
    const began = this.#length
    const names = NAMES.get(type)
    if (data) this.#add(data)
    else if (names) this.#addNames(record, names)
    else this.#add(this.#from.subarray(record.data, record.end))
    fixed.writeUInt16BE(this.#length - began, 8)
  }

  /** The message, with its counts. */
  finish(): Buffer {
    const header = this.#parts[0]!
    for (const [section, count] of this.#counts.entries())
      header.writeUInt16BE(count, 6 + 2 * section)
    return Buffer.concat(this.#parts)
  }

  #addNames(record: RawRecord, [before, count]: readonly [number, number]): void {
    let at = record.data + before
    this.#add(this.#from.subarray(record.data, at))
    for (let left = count; left > 0; left--) {
      const { name, end } = wireName(this.#from, at)
      // RFC 3597 §4: only the types of RFC 1035.
      this.#addName(name, record.type <= TYPE.MX)
      at = end
    }
    if (at > record.end) throw new MalformedMessage('a name runs past the end of its record')
    this.#add(this.#from.subarray(at, record.end))
  }

  #addName(name: Buffer, compress: boolean): void {
    for (let at = 0; name[at] !== 0; at += 1 + name[at]!) {
      const rest = name.toString('latin1', at)
      const place = this.#places.get(rest)
      if (compress && place !== undefined) {
        this.#add(name.subarray(0, at))
        this.#add(Buffer.from([0xc0 | (place >> 8), place & 0xff]))
        return
      }
      const here = this.#length + at
      if (place === undefined && here <= FARTHEST_POINTER) this.#places.set(rest, here)
    }
    this.#add(name)
  }

  #add(bytes: Buffer): void {
    this.#parts.push(bytes)
    this.#length += bytes.length
    if (this.#length > MAX_MESSAGE)
      throw new MalformedMessage('names compressed against the rules fill more than a message')
  }
}
