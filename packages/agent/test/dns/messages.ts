import { TYPE } from '../../src/dns/codes.ts'
import { writeName } from '../../src/dns/name.ts'

/** One record for an answer; `name` defaults to the question's (as a pointer to it). */
export interface TestRecord {
  name?: string
  type: number
  ttl?: number
  data: Buffer
}

export interface TestQuery {
  id?: number
  flags?: number
  name?: string
  rawName?: Buffer
  type?: number
  class?: number
  edns?: { udpSize?: number; version?: number; dnssecOk?: boolean; options?: Buffer }
}

export function u16(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2)
  values.forEach((value, index) => bytes.writeUInt16BE(value, index * 2))
  return bytes
}

/** A query as a client writes it. */
export function queryMessage(query: TestQuery = {}): Buffer {
  const {
    id = 0x1234,
    flags = 0x0100,
    name = 'www.example.com',
    rawName,
    type = TYPE.A,
    edns,
  } = query
  const question = Buffer.concat([rawName ?? writeName(name), u16(type, query.class ?? 1)])
  const opt = edns ? optRecord(edns) : Buffer.alloc(0)
  return Buffer.concat([u16(id, flags, 1, 0, 0, edns ? 1 : 0), question, opt])
}

function optRecord({
  udpSize = 1232,
  version = 0,
  dnssecOk = false,
  options = Buffer.alloc(0),
}: NonNullable<TestQuery['edns']>): Buffer {
  return Buffer.concat([
    Buffer.from([0]),
    u16(TYPE.OPT, udpSize),
    Buffer.from([0, version]),
    u16(dnssecOk ? 0x8000 : 0, options.length),
    options,
  ])
}

function record({ name, type, ttl = 300, data }: TestRecord): Buffer {
  const fixed = Buffer.alloc(10)
  fixed.writeUInt16BE(type, 0)
  fixed.writeUInt16BE(1, 2)
  fixed.writeUInt32BE(ttl, 4)
  fixed.writeUInt16BE(data.length, 8)
  return Buffer.concat([name === undefined ? u16(0xc00c) : writeName(name), fixed, data])
}

export interface TestAnswer {
  flags?: number
  rcode?: number
  answers?: TestRecord[]
  authority?: TestRecord[]
  additional?: TestRecord[]
}

/** The answer to a query message (without its OPT): same id, same question. */
export function answerMessage(query: Buffer, answer: TestAnswer = {}): Buffer {
  const { flags = 0x8180, rcode = 0, answers = [], authority = [], additional = [] } = answer
  const counts = u16(1, answers.length, authority.length, additional.length)
  const records = [...answers, ...authority, ...additional].map((each) => record(each))
  return Buffer.concat([
    query.subarray(0, 2),
    u16(flags | rcode),
    counts,
    questionOf(query),
    ...records,
  ])
}

/** The question's bytes of a message that has one. */
export function questionOf(message: Buffer): Buffer {
  let end = 12
  while (message[end] !== 0) end += message[end]! + 1
  return message.subarray(12, end + 5)
}

/** The code of an answer (RFC 1035 §4.1.1); 15 when there is none. */
export function rcode(message: Buffer | null): number {
  return (message?.[3] ?? 0xff) & 0xf
}

/** An address record; without a name that of the question. */
export function A(address: string, name?: string, ttl = 300): TestRecord {
  return { type: TYPE.A, ttl, data: a(address), ...(name !== undefined && { name }) }
}

export const a = (address: string): Buffer => Buffer.from(address.split('.').map(Number))
export const cname = (name: string): Buffer => writeName(name)

/** As many aliases in a row, from the question's name to an address. */
export function chain(length: number, label = 'c'): TestRecord[] {
  return [
    ...Array.from({ length }, (_, i) => ({
      type: TYPE.CNAME,
      data: cname(`${label}${i + 1}.test`),
      ...(i > 0 && { name: `${label}${i}.test` }),
    })),
    A('192.0.2.1', `${label}${length}.test`),
  ]
}

/**
 * An answer to a query message, by default as long as a datagram can be: a binding with keys for ECH, for which it is written
 * anew, and a record (RP) with two compressed names that are 4 bytes here and some 490 when they are written out.
 */
export function growingAnswer(query: Buffer, size = 65_507): Buffer {
  const question = questionOf(query)
  const name = Array.from({ length: 4 }, () => 'a'.repeat(60)).join('.')
  const data = svcb(1, '', { 5: Buffer.alloc(1) })
  const binding = record({ name, type: TYPE.HTTPS, data })
  const before = 12 + question.length
  const names = u16(0xc000 | before, 0xc000 | before)
  const fill = Buffer.alloc(size - before - binding.length - 12 - names.length)
  const growing = record({ type: 17, data: Buffer.concat([names, fill]) })
  const head = Buffer.concat([query.subarray(0, 2), u16(0x8180, 1, 2, 0, 0)])
  return Buffer.concat([head, question, binding, growing])
}

/** A service binding: priority, target, and parameters by key. */
export function svcb(
  priority: number,
  target: string,
  params: Record<number, Buffer> = {},
): Buffer {
  const parts = Object.entries(params).map(([key, value]) =>
    Buffer.concat([u16(Number(key), value.length), value]),
  )
  return Buffer.concat([u16(priority), writeName(target), ...parts])
}
