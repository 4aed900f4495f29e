import { expect, test } from 'vitest'
import { TYPE } from '../../src/dns/codes.ts'
import { withoutEch } from '../../src/dns/ech.ts'
import { MalformedMessage, readName, writeName } from '../../src/dns/name.ts'
import { readRecords, wireName } from '../../src/dns/rewrite.ts'
import { dig, startDnsmasq } from './dnsmasq.ts'
import { FakeServer, server, startTestProxy, TcpClient, UdpClient } from './fixture.ts'
import {
  A,
  a,
  answerMessage,
  cname,
  growingAnswer,
  queryMessage,
  questionOf,
  rcode,
  svcb,
  type TestAnswer,
  type TestRecord,
  u16,
} from './messages.ts'

const query = queryMessage({ name: 'www.example.com', type: TYPE.HTTPS })
const ech = Buffer.from('0045fe0d0041'.padEnd(142, 'a5'), 'hex')
const alpn = Buffer.from('\x02h2\x02h3')
const https = (data: Buffer, name?: string): TestRecord => ({
  type: TYPE.HTTPS,
  data,
  ...(name !== undefined && { name }),
})
const rrsig = (covered: number): TestRecord => ({
  type: TYPE.RRSIG,
  data: Buffer.concat([
    u16(covered),
    Buffer.alloc(16),
    writeName('example.com'),
    Buffer.alloc(64, 7),
  ]),
})
const v6 = Buffer.from('20010db8000000000000000000000001', 'hex')

/** The records of a message as text: section, owner, type, data without compressed names of aliases. */
function listed(message: Buffer): string[] {
  return readRecords(message).map(({ section, owner, type, data, end }) => {
    const name = readName(message, owner).text
    const inner = type === TYPE.CNAME ? wireName(message, data).name : message.subarray(data, end)
    return `${section} ${name} ${type} ${inner.toString('hex')}`
  })
}

test.each<[string, TestAnswer, TestAnswer]>([
  [
    'the key between others',
    { answers: [https(svcb(1, '', { 1: alpn, 4: a('192.0.2.1'), 5: ech, 6: v6 }))] },
    { answers: [https(svcb(1, '', { 1: alpn, 4: a('192.0.2.1'), 6: v6 }))] },
  ],
  [
    'the only key',
    { answers: [https(svcb(1, 'svc.example.net', { 5: ech }))] },
    { answers: [https(svcb(1, 'svc.example.net'))] },
  ],
  [
    'an empty key',
    { answers: [https(svcb(1, '', { 5: Buffer.alloc(0) }))] },
    { answers: [https(svcb(1, ''))] },
  ],
  [
    'one record of two',
    { answers: [https(svcb(1, '', { 5: ech })), https(svcb(2, '', { 1: alpn }))] },
    { answers: [https(svcb(1, '')), https(svcb(2, '', { 1: alpn }))] },
  ],
  [
    'a record that is of no use without it',
    { answers: [https(svcb(1, '', { 0: u16(1, 5), 1: alpn, 5: ech })), https(svcb(2, ''))] },
    { answers: [https(svcb(2, ''))] },
  ],
  [
    'a list of mandatory keys without it',
    { answers: [https(svcb(1, '', { 0: u16(1), 1: alpn, 5: ech }))] },
    { answers: [https(svcb(1, '', { 0: u16(1), 1: alpn }))] },
  ],
  [
    'a record of type SVCB, and one beside the answer',
    {
      answers: [
        https(svcb(0, 'pool.example.net')),
        { type: TYPE.SVCB, data: svcb(1, '', { 5: ech }) },
      ],
      additional: [https(svcb(1, '', { 5: ech }), 'pool.example.net')],
    },
    {
      answers: [https(svcb(0, 'pool.example.net')), { type: TYPE.SVCB, data: svcb(1, '') }],
      additional: [https(svcb(1, ''), 'pool.example.net')],
    },
  ],
  [
    'a signature over it; the others stay',
    {
      flags: 0x81a0,
      answers: [https(svcb(1, '', { 5: ech })), rrsig(TYPE.HTTPS)],
      authority: [rrsig(TYPE.NS)],
    },
    { answers: [https(svcb(1, ''))], authority: [rrsig(TYPE.NS)] },
  ],
])('what goes: %s', (_what, before, after) => {
  const changed = withoutEch(answerMessage(query, before))
  expect(listed(changed)).toEqual(listed(answerMessage(query, after)))
  expect(changed.subarray(0, 12)).toEqual(answerMessage(query, after).subarray(0, 12))
})

test.each<[string, TestAnswer]>([
  ['no key', { flags: 0x81a0, answers: [https(svcb(1, '', { 1: alpn, 4: a('192.0.2.1') }))] }],
  [
    'AliasMode, whose parameters count nothing',
    { answers: [https(svcb(0, 'a.test', { 5: ech }))] },
  ],
  ['no binding', { flags: 0x81a0, answers: [A('192.0.2.1'), rrsig(TYPE.A)] }],
])('a message with %s stays as it is', (_what, answer) => {
  const message = answerMessage(query, answer)
  expect(withoutEch(message)).toBe(message)
})

/** A record whose owner is a pointer. */
const pointing = (to: number, address: string): Buffer =>
  Buffer.concat([u16(0xc000 | to, TYPE.A, 1, 0, 300, 4), a(address)])

test('names that point into what has moved or gone are still the same names', () => {
  const target = 'svc.pool.example.net'
  const whole = answerMessage(query, {
    answers: [
      { type: TYPE.CNAME, data: cname('edge.test') },
      https(svcb(1, target, { 0: u16(5), 5: ech }), 'edge.test'),
      https(svcb(2, target, { 5: ech }), 'edge.test'),
    ],
  })
  // Two additional records: their owners are pointers into the data of the binding that goes.
  const at = whole.indexOf(writeName(target))
  const message = Buffer.concat([whole, pointing(at, '192.0.2.1'), pointing(at + 4, '192.0.2.2')])
  message.writeUInt16BE(2, 10)
  const changed = withoutEch(message)
  expect(listed(changed)).toEqual([
    `0 www.example.com 5 ${writeName('edge.test').toString('hex')}`,
    `0 edge.test 65 ${svcb(2, target).toString('hex')}`,
    '2 svc.pool.example.net 1 c0000201',
    '2 pool.example.net 1 c0000202',
  ])
  expect(changed.length).toBeLessThan(message.length)
})

test.each<[string, Buffer]>([
  ['a parameter', Buffer.concat([svcb(1, ''), u16(5, 60), Buffer.alloc(8)])],
  ['a header of a parameter', Buffer.concat([svcb(1, '', { 5: ech }), Buffer.from([0])])],
  ['a target', Buffer.from([0, 1])],
])('a binding with %s that is cut off is malformed', (_what, data) => {
  expect(() => withoutEch(answerMessage(query, { answers: [https(data)] }))).toThrow(
    MalformedMessage,
  )
})

const allow = ['www.example.com']
test('clients over UDP and TCP get it without the key, under their id and in their case', async () => {
  await using upstream = await FakeServer.start((asked, reply) =>
    reply(
      answerMessage(asked, {
        answers: [https(svcb(1, '', { 1: alpn, 4: a('192.0.2.1'), 5: ech }))],
      }),
    ),
  )
  await using proxy = await startTestProxy({ policy: { allow }, upstream: upstream.at })
  await using udp = await UdpClient.open(proxy.port)
  await using tcp = await TcpClient.open(proxy.port)
  const asked = queryMessage({ id: 77, name: 'WWW.example.COM', type: TYPE.HTTPS })
  const expected = answerMessage(asked, {
    answers: [https(svcb(1, '', { 1: alpn, 4: a('192.0.2.1') }))],
  }).toString('hex')
  expect((await udp.ask(asked)).toString('hex')).toBe(expected)
  expect((await tcp.ask(asked))?.toString('hex')).toBe(expected)
  // Hints open what A records would.
  expect(proxy.learned.map(({ address, ports }) => [address, ports])).toEqual([
    ['192.0.2.1', ['tcp 443-443']],
    ['192.0.2.1', ['tcp 443-443']],
  ])
})

test('hints that lead inwards, and those of AliasMode, open nothing', async () => {
  const answers = [
    https(svcb(1, '', { 4: Buffer.concat([a('10.0.0.1'), a('192.0.2.1')]), 5: ech })),
    https(svcb(0, 'www.example.com', { 4: a('192.0.2.9') })),
  ]
  await using upstream = await FakeServer.start((asked, reply) =>
    reply(answerMessage(asked, { answers })),
  )
  await using proxy = await startTestProxy({ policy: { allow }, upstream: upstream.at })
  await using client = await UdpClient.open(proxy.port)
  await client.ask(query)
  expect(proxy.learned.map(({ address }) => address)).toEqual(['192.0.2.1'])
})

test('a truncated answer with bindings reaches the client empty, with its TC bit', async () => {
  await using upstream = await FakeServer.start((asked, reply) =>
    reply(
      answerMessage(asked, {
        flags: 0x8380,
        answers: [https(svcb(1, '', { 5: ech })), https(svcb(2, '', { 5: ech }))],
      }).subarray(0, -20),
    ),
  )
  await using proxy = await startTestProxy({ policy: { allow }, upstream: upstream.at })
  await using client = await UdpClient.open(proxy.port)
  const reply = await client.ask(query)
  expect([reply.readUInt16BE(2) & 0x0200, reply.readUInt16BE(6)]).toEqual([0x0200, 0])
  expect(questionOf(reply)).toEqual(questionOf(query))
})

test('dig is told the rest of a binding as dnsmasq has it', async () => {
  const full = svcb(1, 'svc.example.com', { 1: alpn, 4: a('192.0.2.1'), 5: ech, 6: v6 })
  await using upstream = await startDnsmasq([`--dns-rr=www.example.com,65,${full.toString('hex')}`])
  await using proxy = await startTestProxy({ policy: { allow }, upstream: upstream.at })
  const words = ['+short', '+nocrypto', 'www.example.com', 'HTTPS']
  const direct = await dig(upstream.at, ...words)
  expect(direct).toMatch(/ ech=\S+ /)
  expect(await dig(server('127.0.0.1', proxy.port), ...words)).toBe(direct.replace(/ ech=\S+/, ''))
})

test('an answer that would outgrow a message without its compression fails its query alone, over UDP and TCP', async () => {
  await using upstream = await FakeServer.start((query, reply) =>
    reply(
      readName(query, 12).text === 'grows.example.com'
        ? growingAnswer(query)
        : answerMessage(query, { answers: [A('192.0.2.1')] }),
    ),
  )
  const policy = { allow: ['grows.example.com', 'www.example.com'] }
  await using proxy = await startTestProxy({ policy, upstream: upstream.at })
  await using udp = await UdpClient.open(proxy.port)
  await using tcp = await TcpClient.open(proxy.port)
  for (const client of [udp, tcp]) {
    expect(rcode(await client.ask(queryMessage({ name: 'grows.example.com' })))).toBe(2)
    expect(rcode(await client.ask(queryMessage()))).toBe(0)
  }
  expect(proxy.records.map(({ rcode, reason }) => `${rcode} ${reason}`)).toEqual(
    Array.from({ length: 2 }, () => [
      expect.stringMatching(/^SERVFAIL .*malformed answer: /),
      expect.stringMatching(/^NOERROR /),
    ]).flat(),
  )
  expect(proxy.faults).toEqual([])
})
