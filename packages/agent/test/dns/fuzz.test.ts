import { expect, test } from 'vitest'
import { answersQuery, readAnswer } from '../../src/dns/answer.ts'
import { TYPE } from '../../src/dns/codes.ts'
import { withoutEch } from '../../src/dns/ech.ts'
import { FrameReader, frame } from '../../src/dns/frames.ts'
import { MalformedMessage } from '../../src/dns/name.ts'
import { receiveQuery, writeQuery } from '../../src/dns/query.ts'
import { writeReply } from '../../src/dns/reply.ts'
import { a, answerMessage, cname, queryMessage, svcb, u16 } from './messages.ts'

/** Numbers that are the same in every run (xorshift32). */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

function mutate(message: Buffer, next: (below: number) => number): Buffer {
  let bytes = Buffer.from(message)
  for (let left = 1 + next(4); left > 0; left--) {
    const at = next(Math.max(1, bytes.length))
    switch (next(6)) {
      case 0:
        bytes[at] = next(256)
        break
      case 1:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << next(8))
        break
      case 2:
        bytes = bytes.subarray(0, at)
        break
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from([next(256)]), bytes.subarray(at)])
        break
      case 4:
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          bytes.subarray(next(Math.max(1, bytes.length))),
        ])
        break
      default:
        if (at + 1 < bytes.length) bytes.writeUInt16BE(0xc000 | next(bytes.length), at)
    }
  }
  return bytes
}

const query = queryMessage({
  id: 1,
  name: 'www.example.com',
  edns: { options: Buffer.concat([u16(10, 8), Buffer.alloc(8)]) },
})
const received = receiveQuery(query)
if (received.kind !== 'query') throw new Error(received.kind)
const asked = received.query

test('50,000 broken queries: each is dropped, answered, or goes on as a query that is read the same again', () => {
  const next = numbers(0xc0ffee)
  const kinds = { drop: 0, reply: 0, query: 0 }
  for (let i = 0; i < 50_000; i++) {
    const outcome = receiveQuery(mutate(query, next))
    kinds[outcome.kind]++
    if (outcome.kind === 'reply')
      expect(writeReply(outcome.query, outcome.rcode).readUInt16BE(0)).toBe(outcome.query.id)
    if (outcome.kind !== 'query') continue
    const again = receiveQuery(writeQuery(outcome.query, 77))
    if (again.kind !== 'query') throw new Error(`query ${i} does not survive being forwarded`)
    const { question } = again.query
    expect(question.toString('latin1').toLowerCase()).toBe(
      outcome.query.question.toString('latin1').toLowerCase(),
    )
    expect({ ...again.query, id: 0 }).toEqual({ ...outcome.query, id: 0, question })
  }
  // Each way out was taken.
  for (const count of Object.values(kinds)) expect(count).toBeGreaterThan(500)
})

test('50,000 broken answers: each is read or called malformed, and never leads beyond its bounds', () => {
  const next = numbers(0xdecade)
  const whole = answerMessage(query.subarray(0, -23), {
    answers: [
      { type: TYPE.CNAME, data: cname('cdn.example.net') },
      { type: TYPE.A, name: 'cdn.example.net', data: a('192.0.2.1') },
      {
        type: TYPE.HTTPS,
        name: 'cdn.example.net',
        data: svcb(1, 'svc.example.net', { 4: a('192.0.2.2'), 6: Buffer.alloc(16, 1) }),
      },
    ],
  })
  const outcomes = { read: 0, malformed: 0, ignored: 0 }
  for (let i = 0; i < 50_000; i++) {
    const message = mutate(whole, next)
    if (!answersQuery(message, asked, 1)) {
      outcomes.ignored++
      continue
    }
    try {
      const { aliases, addresses } = readAnswer(message, asked)
      expect(aliases.length).toBeLessThan(40)
      for (const { address, ttl } of addresses)
        expect(address.length === 16 && ttl >= 0 && ttl < 2 ** 31).toBe(true)
      outcomes.read++
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error
      outcomes.malformed++
    }
  }
  for (const count of Object.values(outcomes)) expect(count).toBeGreaterThan(500)
})

test('50,000 broken answers with ECH keys: what is not malformed has none, and is read as before', () => {
  const next = numbers(0xec4)
  const whole = answerMessage(query.subarray(0, -23), {
    answers: [
      {
        type: TYPE.HTTPS,
        data: svcb(1, 'svc.example.net', { 1: a('2.104.50.2'), 5: Buffer.alloc(40, 9) }),
      },
      { type: TYPE.HTTPS, data: svcb(2, 'b.example.net', { 0: u16(5), 5: Buffer.alloc(40, 9) }) },
      { type: TYPE.A, data: a('192.0.2.1') },
    ],
    additional: [
      { type: TYPE.MX, name: 'b.example.net', data: Buffer.concat([u16(1), cname('m.test')]) },
    ],
  })
  const outcomes = { changed: 0, same: 0, malformed: 0 }
  for (let i = 0; i < 50_000; i++) {
    const message = mutate(whole, next)
    if (!answersQuery(message, asked, 1)) continue
    try {
      const open = withoutEch(message)
      outcomes[open === message ? 'same' : 'changed']++
      expect(withoutEch(open)).toBe(open)
      const { addresses } = readAnswer(message, asked)
      expect(readAnswer(open, asked).addresses.length).toBeLessThanOrEqual(addresses.length)
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error
      outcomes.malformed++
    }
  }
  expect(outcomes.changed).toBeGreaterThan(500)
  expect(outcomes.malformed).toBeGreaterThan(500)
  expect(outcomes.same).toBeGreaterThan(0)
})

test('a stream cut anywhere gives the same messages', () => {
  const next = numbers(0xf00d)
  const messages = Array.from({ length: 200 }, () => Buffer.alloc(next(300), next(256)))
  const stream = Buffer.concat(messages.map((message) => frame(message)))
  for (let round = 0; round < 50; round++) {
    const reader = new FrameReader()
    const read: Buffer[] = []
    for (let at = 0; at < stream.length;) {
      const end = at + 1 + next(round < 10 ? 3 : 900)
      read.push(...reader.push(stream.subarray(at, end)))
      at = end
    }
    expect(reader.incomplete).toBe(0)
    expect(read.map((message) => message.toString('hex'))).toEqual(
      messages.map((message) => message.toString('hex')),
    )
  }
})
