import { expect, test } from 'vitest'
import { TYPE } from '../../src/dns/codes.ts'
import { writeName } from '../../src/dns/name.ts'
import { receiveQuery, writeQuery } from '../../src/dns/query.ts'
import { writeReply } from '../../src/dns/reply.ts'
import { queryMessage, u16 } from './messages.ts'

const edns = { udpSize: 1232 }

function outcome(message: Buffer): string {
  const received = receiveQuery(message)
  return received.kind === 'reply' ? `rcode ${received.rcode}` : received.kind
}

function counts(...values: [number, number, number, number]): (message: Buffer) => Buffer {
  return (message) => Buffer.concat([message.subarray(0, 4), u16(...values), message.subarray(12)])
}

test.each([
  ['a query', queryMessage(), 'query'],
  ['a query with EDNS', queryMessage({ edns }), 'query'],
  [
    'a query with a cookie',
    queryMessage({ edns: { options: Buffer.concat([u16(10, 8), Buffer.alloc(8)]) } }),
    'query',
  ],
  ['an unknown type', queryMessage({ type: 65_280 }), 'query'],
  ['the root', queryMessage({ name: '', type: TYPE.NS }), 'query'],
  ['nothing', Buffer.alloc(0), 'drop'],
  ['half a header', queryMessage().subarray(0, 11), 'drop'],
  ['a response', queryMessage({ flags: 0x8180 }), 'drop'],
  ['a header alone', queryMessage().subarray(0, 12), 'rcode 1'],
  ['a question that is cut off', queryMessage().subarray(0, -1), 'rcode 1'],
  ['no question', counts(0, 0, 0, 0)(queryMessage()), 'rcode 1'],
  [
    'two questions',
    counts(2, 0, 0, 0)(Buffer.concat([queryMessage(), queryMessage().subarray(12)])),
    'rcode 1',
  ],
  ['an answer in the query', counts(1, 1, 0, 0)(queryMessage()), 'rcode 1'],
  ['an authority record in the query', counts(1, 0, 1, 0)(queryMessage()), 'rcode 1'],
  ['bytes left over', Buffer.concat([queryMessage(), Buffer.from('secret')]), 'rcode 1'],
  [
    'bytes left over after EDNS',
    Buffer.concat([queryMessage({ edns }), Buffer.from([0])]),
    'rcode 1',
  ],
  ['an option that is cut off', queryMessage({ edns: { options: u16(10, 8) } }), 'rcode 1'],
  [
    'two OPT records',
    counts(
      1,
      0,
      0,
      2,
    )(Buffer.concat([queryMessage({ edns }), queryMessage({ edns }).subarray(-11)])),
    'rcode 1',
  ],
  ['a compressed question', queryMessage({ rawName: u16(0xc00c) }), 'rcode 1'],
  [
    'an additional record that is no OPT',
    counts(1, 0, 0, 1)(Buffer.concat([queryMessage(), writeName('x'), u16(1, 1, 0, 0, 0)])),
    'rcode 1',
  ],
  ['EDNS version 1', queryMessage({ edns: { version: 1 } }), 'rcode 16'],
  ['a status request', queryMessage({ flags: 0x1000 }), 'rcode 4'],
  ['a notify', queryMessage({ flags: 0x2000 }), 'rcode 4'],
  ['an update', queryMessage({ flags: 0x2800 }), 'rcode 4'],
  ['class CHAOS', queryMessage({ name: 'version.bind', type: TYPE.TXT, class: 3 }), 'rcode 5'],
  ['class ANY', queryMessage({ class: 255 }), 'rcode 5'],
  ['a zone transfer', queryMessage({ type: TYPE.AXFR }), 'rcode 5'],
  ['type OPT', queryMessage({ type: TYPE.OPT }), 'rcode 5'],
])('%s: %3$s', (_what, message, expected) => {
  expect(outcome(message)).toBe(expected)
})

test.each([1, 2, 4, 5, 15])('opcode %i is answered with the same', (opcode) => {
  const received = receiveQuery(queryMessage({ id: 9, flags: opcode << 11 }))
  if (received.kind !== 'reply') throw new Error(received.kind)
  const reply = writeReply(received.query, received.rcode)
  expect(reply.subarray(0, 4)).toEqual(u16(9, 0x8084 | (opcode << 11)))
})

test('what goes upstream is the question in lower case, RD, AD and CD, and a bare OPT: nothing else of the client', () => {
  const message = queryMessage({
    id: 1,
    flags: 0x07f0,
    name: 'WWW.example.com',
    edns: {
      udpSize: 4096,
      dnssecOk: true,
      options: Buffer.concat([u16(65_001, 6), Buffer.from('secret')]),
    },
  })
  const received = receiveQuery(message)
  if (received.kind !== 'query') throw new Error(received.kind)
  const upstream = writeQuery(received.query, 0xabcd)
  const expected = queryMessage({
    id: 0xabcd,
    flags: 0x0130,
    name: 'www.example.com',
    edns: { udpSize: 4096, dnssecOk: true },
  })
  expect(upstream.toString('hex')).toBe(expected.toString('hex'))
})

test.each([
  ['with EDNS', queryMessage({ id: 9, name: 'Evil.TEST', edns })],
  ['without EDNS', queryMessage({ id: 9, name: 'Evil.TEST' })],
])('a refusal %s', (what, message) => {
  const received = receiveQuery(message)
  if (received.kind !== 'query') throw new Error(received.kind)
  const reply = writeReply(received.query, 5, 'no rule allows this name')
  const parts = [
    reply.subarray(0, 2),
    reply.subarray(2, 4),
    reply.subarray(4, 12),
    reply.subarray(12, 27),
    reply.subarray(27),
  ]
  const [id, flags, sections, question, opt] = parts.map((part) => part.toString('hex'))
  expect({ id, flags, sections, question }).toEqual({
    id: '0009',
    flags: '8185',
    sections: what === 'with EDNS' ? '0001000000000001' : '0001000000000000',
    question: message.subarray(12, 27).toString('hex'),
  })
  // OPT of 1232 bytes, then option 15 (RFC 8914) with INFO-CODE 15.
  expect(opt).toBe(
    what === 'with EDNS'
      ? `00002904d000000000001e000f001a000f${Buffer.from('no rule allows this name').toString('hex')}`
      : '',
  )
})

test('a reason of any length fits in the smallest datagram, cut between characters', () => {
  const received = receiveQuery(
    queryMessage({
      name: `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}`,
      edns,
    }),
  )
  if (received.kind !== 'query') throw new Error(received.kind)
  const reply = writeReply(received.query, 5, 'é'.repeat(1000))
  expect(reply.length).toBeLessThanOrEqual(512)
  expect(reply.subarray(-4).toString()).toBe('éé')
})
