import { expect, test } from 'vitest'
import { answersQuery, readAnswer } from '../../src/dns/answer.ts'
import { TYPE } from '../../src/dns/codes.ts'
import { MalformedMessage } from '../../src/dns/name.ts'
import { type Query, receiveQuery } from '../../src/dns/query.ts'
import {
  A,
  a,
  answerMessage,
  chain,
  cname,
  queryMessage,
  svcb,
  type TestAnswer,
  type TestRecord,
  u16,
} from './messages.ts'

function asked(message: Buffer): Query {
  const received = receiveQuery(message)
  if (received.kind !== 'query') throw new Error(received.kind)
  return received.query
}

/** What an answer leads to, as text: aliases, then addresses with their TTL. */
function leads(answer: TestAnswer, type: number = TYPE.A): string {
  const query = queryMessage({ name: 'www.example.com', type })
  const { aliases, addresses } = readAnswer(answerMessage(query, answer), asked(query))
  return [...aliases, ...addresses.map(({ text, ttl }) => `${text}/${ttl}`)].join(' ')
}

const C = (target: string, name?: string, ttl?: number): TestRecord => ({
  type: TYPE.CNAME,
  data: cname(target),
  ...(name !== undefined && { name }),
  ...(ttl !== undefined && { ttl }),
})
const v6 = Buffer.from('20010db8000000000000000000000001', 'hex')

test.each<[string, TestAnswer, string]>([
  ['an address', { answers: [A('192.0.2.1')] }, '192.0.2.1/300'],
  [
    'two addresses, one twice',
    { answers: [A('192.0.2.1'), A('192.0.2.2'), A('192.0.2.1')] },
    '192.0.2.1/300 192.0.2.2/300',
  ],
  ['an IPv6 address', { answers: [{ type: TYPE.AAAA, data: v6 }] }, '2001:db8::1/300'],
  [
    'an address of the name in capitals',
    { answers: [A('192.0.2.1', 'WWW.EXAMPLE.COM')] },
    '192.0.2.1/300',
  ],
  [
    'an alias; the least TTL counts',
    { answers: [C('cdn.test', undefined, 20), A('192.0.2.1', 'cdn.test', 300)] },
    'cdn.test 192.0.2.1/20',
  ],
  [
    'an alias after its address',
    { answers: [A('192.0.2.1', 'CDN.test'), C('cdn.TEST')] },
    'cdn.test 192.0.2.1/300',
  ],
  [
    'a TTL with the highest bit',
    { answers: [A('192.0.2.1', undefined, 0x8000_0000)] },
    '192.0.2.1/0',
  ],
  [
    'an unrelated record',
    { answers: [A('192.0.2.1'), A('192.0.2.66', 'other.test')] },
    '192.0.2.1/300',
  ],
  ['nothing but an unrelated record', { answers: [A('192.0.2.66', 'example.com')] }, ''],
  [
    'an address beside an alias',
    { answers: [C('cdn.test'), A('192.0.2.66'), A('192.0.2.1', 'cdn.test')] },
    'cdn.test 192.0.2.1/300',
  ],
  [
    'an alias that leads elsewhere only in authority',
    { answers: [C('cdn.test')], authority: [A('192.0.2.66', 'cdn.test')] },
    'cdn.test',
  ],
  ['an additional record', { answers: [], additional: [A('192.0.2.66')] }, ''],
  ['an alias of itself', { answers: [C('www.example.com'), A('192.0.2.66')] }, ''],
  [
    'a loop of aliases',
    { answers: [C('b.test'), C('www.example.com', 'b.test'), A('192.0.2.66', 'b.test')] },
    'b.test',
  ],
  [
    'sixteen aliases',
    { answers: chain(16) },
    `${Array.from({ length: 16 }, (_, i) => `c${i + 1}.test`).join(' ')} 192.0.2.1/300`,
  ],
  [
    'an alias that is told twice',
    { answers: [...chain(1), ...chain(1), A('192.0.2.1', 'c1.test')] },
    'c1.test 192.0.2.1/300',
  ],
])('%s', (_what, answer, expected) => {
  expect(leads(answer)).toBe(expected)
})

test('the hints of a service binding count as addresses, and its target as an alias', () => {
  const data = svcb(1, 'svc.example.net', {
    1: Buffer.from('\x02h2'),
    4: Buffer.concat([a('192.0.2.1'), a('192.0.2.2')]),
    6: v6,
  })
  expect(leads({ answers: [{ type: TYPE.HTTPS, ttl: 60, data }] }, TYPE.HTTPS)).toBe(
    'svc.example.net 192.0.2.1/60 192.0.2.2/60 2001:db8::1/60',
  )
})

test.each<[string, TestRecord]>([
  ['an A record of five bytes', { type: TYPE.A, data: Buffer.alloc(5) }],
  ['an AAAA record of four bytes', { type: TYPE.AAAA, data: Buffer.alloc(4) }],
  [
    'an alias with bytes left over',
    { type: TYPE.CNAME, data: Buffer.concat([cname('a.test'), Buffer.alloc(1)]) },
  ],
  [
    'a service binding that is cut off',
    { type: TYPE.HTTPS, data: Buffer.concat([svcb(1, ''), u16(4, 8)]) },
  ],
  ['an owner that loops', { type: TYPE.A, data: a('192.0.2.1'), name: 'www.example.com' }],
])('%s makes the answer malformed', (what, record) => {
  const query = queryMessage()
  const message = answerMessage(query, { answers: [record] })
  if (what === 'an owner that loops') message.writeUInt16BE(0xc000 | query.length, query.length)
  expect(() => readAnswer(message, asked(query))).toThrow(MalformedMessage)
})

test('a truncated answer is read as far as it goes; one that says nothing of it is malformed', () => {
  const query = queryMessage()
  const whole = answerMessage(query, { flags: 0x8380, answers: [A('192.0.2.1'), A('192.0.2.2')] })
  const cut = whole.subarray(0, -3)
  expect(readAnswer(cut, asked(query)).addresses.map(({ text }) => text)).toEqual(['192.0.2.1'])
  cut.writeUInt16BE(0x8180, 2)
  expect(() => readAnswer(cut, asked(query))).toThrow(MalformedMessage)
})

const query = queryMessage({ id: 7, name: 'www.example.com' })
test.each([
  ['the answer', answerMessage(query, { answers: [A('192.0.2.1')] }), true],
  [
    'the question in another case',
    answerMessage(queryMessage({ id: 7, name: 'WWW.eXample.com' })),
    true,
  ],
  ['another id', answerMessage(queryMessage({ id: 8 })), false],
  ['another name', answerMessage(queryMessage({ id: 7, name: 'wwx.example.com' })), false],
  ['another type', answerMessage(queryMessage({ id: 7, type: TYPE.AAAA })), false],
  ['another class', answerMessage(queryMessage({ id: 7, class: 3 })), false],
  ['a query', query, false],
  ['another opcode', answerMessage(query, { flags: 0xa180 }), false],
  [
    'two questions',
    Buffer.concat([
      query.subarray(0, 2),
      u16(0x8180, 2, 0, 0, 0),
      query.subarray(12),
      query.subarray(12),
    ]),
    false,
  ],
  [
    'an error without the question',
    Buffer.concat([query.subarray(0, 2), u16(0x8181, 0, 0, 0, 0)]),
    true,
  ],
  [
    'no error and no question',
    Buffer.concat([query.subarray(0, 2), u16(0x8180, 0, 0, 0, 0)]),
    false,
  ],
  [
    'an error without the question but with a record',
    Buffer.concat([query.subarray(0, 2), u16(0x8181, 0, 1, 0, 0)]),
    false,
  ],
  ['half a header', query.subarray(0, 5), false],
])('%s answers the query: %3$s', (_what, message, expected) => {
  expect(answersQuery(message, asked(query), 7)).toBe(expected)
})
