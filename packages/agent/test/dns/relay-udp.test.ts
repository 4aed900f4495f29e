import { createSocket } from 'node:dgram'
import { expect, test } from 'vitest'
import { TYPE } from '../../src/dns/codes.ts'
import {
  FakeServer,
  server,
  startTestProxy,
  testPolicy,
  type TestPolicy,
  UdpClient,
  until,
} from './fixture.ts'
import {
  a,
  answerMessage,
  cname,
  queryMessage,
  questionOf,
  svcb,
  type TestAnswer,
  type TestRecord,
  u16,
} from './messages.ts'

const allow = ['www.example.com', 'two.example.com', '*.many.example']
const A = (address: string, name?: string): TestRecord => ({
  type: TYPE.A,
  ttl: 300,
  data: a(address),
  ...(name !== undefined && { name }),
})
const rcode = (message: Buffer | null): number => (message?.[3] ?? 0xff) & 0xf

/** Asks one query of a proxy whose upstream gives one answer. */
async function exchange(policy: TestPolicy, query: Buffer, answer: TestAnswer) {
  await using upstream = await FakeServer.start((asked, reply) =>
    reply(answerMessage(asked, answer)),
  )
  await using proxy = await startTestProxy({ policy, upstream: upstream.at })
  await using client = await UdpClient.open(proxy.port)
  const reply = await client.ask(query)
  const [record] = proxy.records
  return {
    reply,
    asked: upstream.asked,
    learned: proxy.learned,
    record: record!,
    stats: proxy.proxy.stats(),
  }
}

test('an allowed name is forwarded, its answer returned byte for byte, and its address learned', async () => {
  const query = queryMessage({ id: 0x4242, name: 'WwW.Example.com' })
  const answer: TestAnswer = {
    answers: [A('192.0.2.1'), { type: TYPE.TXT, data: Buffer.from('\x02hi') }],
    additional: [{ type: 65_280, data: Buffer.from([1, 2, 3]) }],
  }
  const { reply, asked, learned, record } = await exchange({ allow }, query, answer)
  expect(reply.toString('hex')).toBe(answerMessage(query, answer).toString('hex'))
  // The letters' case is the client's own matter: upstream it would be a message.
  expect(asked.map((each) => each.subarray(2).toString('hex'))).toEqual([
    queryMessage({ name: 'www.example.com' }).subarray(2).toString('hex'),
  ])
  expect(learned).toEqual([
    { name: 'www.example.com', address: '192.0.2.1', ttl: 300, ports: ['tcp 443-443'] },
  ])
  expect(record).toMatchObject({
    process: { tgid: 42, start: 7n },
    name: 'www.example.com',
    type: 'A',
    server: '127.0.0.1',
    protocol: 'udp',
    verdict: 'allowed',
    reason: 'allowed by policy',
    rule: 'policy.yml:1',
    rcode: 'NOERROR',
    addresses: ['192.0.2.1'],
    cnames: [],
  })
})

test.each<
  [
    string,
    TestPolicy,
    string,
    TestAnswer,
    { verdict: string; reason: string; asked: number; rcode: number; learned: string[] },
  ]
>([
  [
    'a name that no rule allows is refused and never forwarded',
    { allow },
    'evil.test',
    {},
    { verdict: 'blocked', reason: 'no rule allows this name', asked: 0, rcode: 5, learned: [] },
  ],
  [
    'in audit mode it is forwarded, and grants nothing',
    { egress: 'audit', allow },
    'evil.test',
    { answers: [A('192.0.2.1')] },
    { verdict: 'would-block', reason: 'no rule allows this name', asked: 1, rcode: 0, learned: [] },
  ],
  [
    'a listed name is refused in audit mode too',
    { egress: 'audit', block: ['*.evil.test'] },
    'c2.EVIL.test',
    {},
    { verdict: 'attack-blocked', reason: 'block list: known bad', asked: 0, rcode: 5, learned: [] },
  ],
  [
    'a listed name is refused though policy allows it',
    { allow, block: ['www.example.com'] },
    'www.example.com',
    {},
    { verdict: 'attack-blocked', reason: 'block list: known bad', asked: 0, rcode: 5, learned: [] },
  ],
  [
    'an alias that is listed turns the answer into a refusal',
    { allow, block: ['evil.test'] },
    'www.example.com',
    { answers: [{ type: TYPE.CNAME, data: cname('evil.test') }, A('192.0.2.1', 'evil.test')] },
    {
      verdict: 'attack-blocked',
      reason: 'leads to evil.test, block list: known bad',
      asked: 1,
      rcode: 5,
      learned: [],
    },
  ],
  [
    'a service binding to a listed name is refused',
    { allow, block: ['evil.test'] },
    'www.example.com',
    { answers: [{ type: TYPE.HTTPS, data: svcb(1, 'evil.test', { 4: a('192.0.2.1') }) }] },
    {
      verdict: 'attack-blocked',
      reason: 'leads to evil.test, block list: known bad',
      asked: 1,
      rcode: 5,
      learned: [],
    },
  ],
  [
    'an alias that policy does not name leads to what it allows',
    { allow },
    'www.example.com',
    {
      answers: [
        { type: TYPE.CNAME, data: cname('cdn.test') },
        A('192.0.2.1', 'cdn.test'),
        A('192.0.2.9', 'cdn2.test'),
      ],
    },
    { verdict: 'allowed', reason: 'allowed by policy', asked: 1, rcode: 0, learned: ['192.0.2.1'] },
  ],
  [
    'private, loopback and metadata addresses of a name grant nothing',
    { allow },
    'www.example.com',
    { answers: [A('10.0.0.5'), A('192.0.2.1'), A('127.0.0.1'), A('169.254.169.254')] },
    {
      verdict: 'allowed',
      reason:
        'allowed by policy; 10.0.0.5 is a private address and grants nothing; 127.0.0.1 is a loopback address and grants nothing; 169.254.169.254 is a metadata service address and grants nothing',
      asked: 1,
      rcode: 0,
      learned: ['192.0.2.1'],
    },
  ],
  [
    'a private address that policy names is granted',
    { allow, addresses: ['10.0.0.5'] },
    'www.example.com',
    { answers: [A('10.0.0.5')] },
    { verdict: 'allowed', reason: 'allowed by policy', asked: 1, rcode: 0, learned: ['10.0.0.5'] },
  ],
  [
    'a failure of the name is passed on',
    { allow },
    'www.example.com',
    { rcode: 3 },
    { verdict: 'allowed', reason: 'allowed by policy', asked: 1, rcode: 3, learned: [] },
  ],
])('%s', async (_what, policy, name, answer, expected) => {
  const { reply, asked, learned, record } = await exchange(
    policy,
    queryMessage({ name, edns: {} }),
    answer,
  )
  expect({
    verdict: record.verdict,
    reason: record.reason,
    asked: asked.length,
    rcode: rcode(reply),
    learned: learned.map(({ address }) => address),
  }).toEqual(expected)
  // RFC 8914: option 15 with INFO-CODE 15, on refusals alone.
  expect(reply.includes(Buffer.from('Runwarden: '))).toBe(expected.rcode === 5)
})

test.each([
  [0, 60],
  [300, 300],
  [604_800, 86_400],
])('a TTL of %i s grants for %i s', async (ttl, granted) => {
  const { learned } = await exchange({ allow }, queryMessage(), {
    answers: [{ ...A('192.0.2.1'), ttl }],
  })
  expect(learned.map((each) => each.ttl)).toEqual([granted])
})

test.each([
  [
    'a listed domain above a label with a dot in it',
    '\x05evil.\x04evil\x04test\0',
    'attack-blocked',
  ],
  [
    'a listed domain above a label of odd bytes',
    '\x03\xff\x00\x07\x04evil\x04test\0',
    'attack-blocked',
  ],
  ['an allowed domain above a label with a dot in it', '\x03a.b\x04many\x07example\0', 'blocked'],
  ['an allowed name with its dots within one label', '\x0fwww.example.com\0', 'blocked'],
])('%s is never taken for another name', async (_what, wire, verdict) => {
  const query = queryMessage({ rawName: Buffer.from(wire, 'latin1') })
  const { asked, record } = await exchange({ allow, block: ['*.evil.test'] }, query, {})
  expect({ asked: asked.length, verdict: record.verdict }).toEqual({ asked: 0, verdict })
})

test('reverse names are forwarded for addresses that are learned or that policy names, and for no others', async () => {
  await using upstream = await FakeServer.start((query, reply) =>
    reply(answerMessage(query, { answers: [A('192.0.2.1')] })),
  )
  await using proxy = await startTestProxy({
    policy: { allow, addresses: ['192.0.2.7'] },
    upstream: upstream.at,
  })
  await using client = await UdpClient.open(proxy.port)
  await client.ask(queryMessage())
  const results: Record<string, number> = {}
  for (const name of [
    '1.2.0.192.in-addr.arpa',
    '7.2.0.192.in-addr.arpa',
    '9.2.0.192.in-addr.arpa',
    'x.1.2.0.192.in-addr.arpa',
    '1.0.0.127.in-addr.arpa',
  ]) {
    results[name] = rcode(await client.ask(queryMessage({ name, type: TYPE.PTR })))
  }
  expect(results).toEqual({
    '1.2.0.192.in-addr.arpa': 0,
    '7.2.0.192.in-addr.arpa': 0,
    '9.2.0.192.in-addr.arpa': 5,
    'x.1.2.0.192.in-addr.arpa': 5,
    '1.0.0.127.in-addr.arpa': 0,
  })
  expect(upstream.asked).toHaveLength(3)
})

test('answers with another id, question or source are ignored, also when they come before the right one', async () => {
  const stranger = createSocket('udp4')
  await using upstream = await FakeServer.start((query, reply, { port }) => {
    const forged: TestAnswer = { answers: [A('203.0.113.66')] }
    const otherId = answerMessage(query, forged)
    otherId.writeUInt16BE((query.readUInt16BE(0) + 1) & 0xffff, 0)
    const id = query.readUInt16BE(0)
    reply(otherId)
    reply(answerMessage(queryMessage({ id, name: 'two.example.com' }), forged))
    reply(answerMessage(queryMessage({ id, type: TYPE.AAAA }), forged))
    reply(query)
    reply(Buffer.from([1, 2, 3]))
    stranger.send(answerMessage(query, forged), port, '127.0.0.1', () => {
      const real = answerMessage(query, { answers: [A('192.0.2.1')] })
      reply(real)
      reply(real)
      reply(answerMessage(query, forged))
    })
  })
  await using proxy = await startTestProxy({ policy: { allow }, upstream: upstream.at })
  await using client = await UdpClient.open(proxy.port)
  await client.ask(queryMessage())
  await until(() => proxy.proxy.stats().unsolicited >= 7)
  expect(proxy.learned.map(({ address }) => address)).toEqual(['192.0.2.1'])
  expect(client.unread).toBe(0)
  stranger.close()
})

test('ids upstream are not the client’s, and queries come from several ports', async () => {
  await using upstream = await FakeServer.start((query, reply) => reply(answerMessage(query)))
  await using proxy = await startTestProxy({ policy: { allow }, upstream: upstream.at })
  await using client = await UdpClient.open(proxy.port)
  for (let i = 0; i < 200; i++)
    await client.ask(queryMessage({ id: 5, name: `n${i}.many.example` }))
  // 200 of 65,536 ids, at random: fewer than 150 different ones do not happen.
  expect(new Set(upstream.asked.map((query) => query.readUInt16BE(0))).size).toBeGreaterThan(150)
  expect(upstream.ports.size).toBe(8)
})

test('a client that asks again makes the proxy ask again, and is answered once', async () => {
  await using upstream = await FakeServer.start((query, reply) => {
    if (upstream.asked.length === 2) reply(answerMessage(query))
  })
  await using proxy = await startTestProxy({ policy: { allow }, upstream: upstream.at })
  await using client = await UdpClient.open(proxy.port)
  client.send(queryMessage())
  await until(() => upstream.asked.length === 1)
  expect(rcode(await client.ask(queryMessage()))).toBe(0)
  expect(upstream.asked[0]?.equals(upstream.asked[1]!)).toBe(true)
  expect(proxy.records).toHaveLength(1)
})

test('a server whose port is closed fails the query at once', async () => {
  const gone = await FakeServer.start(() => {})
  const at = gone.at
  await gone[Symbol.asyncDispose]()
  await using proxy = await startTestProxy({ policy: { allow }, upstream: at })
  await using client = await UdpClient.open(proxy.port)
  // The time-out of five seconds is the other way to SERVFAIL, and gives another reason.
  expect(rcode(await client.ask(queryMessage()))).toBe(2)
  expect(proxy.records[0]?.reason).toBe('allowed by policy; no answer: 127.0.0.1: ECONNREFUSED')
  expect(rcode(await client.ask(queryMessage({ id: 2 })))).toBe(2)
})

test('a server that does not answer fails the query after the time-out, and a late answer is ignored', async () => {
  let late: (() => void) | undefined
  await using upstream = await FakeServer.start((query, reply) => {
    late = () => reply(answerMessage(query, { answers: [A('192.0.2.1')] }))
  })
  await using proxy = await startTestProxy({
    policy: { allow },
    upstream: upstream.at,
    limits: { upstreamTimeout: 50 },
  })
  await using client = await UdpClient.open(proxy.port)
  expect(rcode(await client.ask(queryMessage()))).toBe(2)
  late?.()
  await until(() => proxy.proxy.stats().unsolicited === 1)
  expect(proxy.learned).toEqual([])
  expect(proxy.proxy.stats().inFlight).toBe(0)
})

test.each<[string, (query: Buffer) => Buffer]>([
  [
    'an alias that is cut off',
    (query) =>
      Buffer.concat([
        query.subarray(0, 2),
        u16(0x8180, 1, 1, 0, 0),
        questionOf(query),
        u16(0xc00c, TYPE.CNAME, 1, 0, 300, 40, 0),
      ]),
  ],
  [
    'a loop of pointers',
    (query) => {
      const message = answerMessage(query, { answers: [A('192.0.2.1', 'x.y')] })
      message.writeUInt16BE(0xc000 | query.length, query.length)
      return message
    },
  ],
  [
    'more records than bytes',
    (query) =>
      Buffer.concat([query.subarray(0, 2), u16(0x8180, 1, 65_535, 0, 0), questionOf(query)]),
  ],
])('an answer with %s becomes SERVFAIL', async (_what, make) => {
  await using upstream = await FakeServer.start((query, reply) => reply(make(query)))
  await using proxy = await startTestProxy({ policy: { allow }, upstream: upstream.at })
  await using client = await UdpClient.open(proxy.port)
  expect(rcode(await client.ask(queryMessage()))).toBe(2)
  expect(proxy.records[0]?.reason).toContain('malformed answer')
})

test('a truncated answer reaches the client with its TC bit', async () => {
  const { reply } = await exchange({ allow }, queryMessage(), { flags: 0x8380 })
  expect(reply.readUInt16BE(2) & 0x0200).toBe(0x0200)
})

test('an error without the question is passed on, with the question', async () => {
  const query = queryMessage()
  await using upstream = await FakeServer.start((asked, reply) =>
    reply(Buffer.concat([asked.subarray(0, 2), u16(0x8181, 0, 0, 0, 0)])),
  )
  await using proxy = await startTestProxy({ policy: { allow }, upstream: upstream.at })
  await using client = await UdpClient.open(proxy.port)
  const reply = await client.ask(query)
  expect(rcode(reply)).toBe(1)
  expect(questionOf(reply).equals(questionOf(query))).toBe(true)
})

test('queries beyond the bound fail at once, and there is room again afterwards', async () => {
  const held: (() => void)[] = []
  await using upstream = await FakeServer.start((query, reply) =>
    held.push(() => reply(answerMessage(query))),
  )
  await using proxy = await startTestProxy({
    policy: { allow },
    upstream: upstream.at,
    limits: { inFlight: 8 },
  })
  await using client = await UdpClient.open(proxy.port)
  for (let id = 0; id < 8; id++) client.send(queryMessage({ id, name: `n${id}.many.example` }))
  await until(() => held.length === 8)
  const refused = await client.ask(queryMessage({ id: 8, name: 'n8.many.example' }))
  expect([refused.readUInt16BE(0), rcode(refused)]).toEqual([8, 2])
  for (const release of held.splice(0)) release()
  for (let id = 0; id < 8; id++) expect(rcode(await client.next())).toBe(0)
  client.send(queryMessage({ id: 9 }))
  await until(() => held.length === 1)
  held[0]?.()
  expect(rcode(await client.next())).toBe(0)
})

test('who is no process of the scope gets no answer, and is counted', async () => {
  await using upstream = await FakeServer.start((query, reply) => reply(answerMessage(query)))
  await using proxy = await startTestProxy({ policy: { allow }, upstream: upstream.at })
  await using client = await UdpClient.open(proxy.port)
  const known = proxy.client.now
  proxy.client.now = null
  client.send(queryMessage({ id: 1 }))
  await until(() => proxy.proxy.stats().unknownClients === 1)
  proxy.client.now = known
  expect((await client.ask(queryMessage({ id: 2 }))).readUInt16BE(0)).toBe(2)
  expect(proxy.records).toHaveLength(1)
})

test('messages that are no query get no answer', async () => {
  await using upstream = await FakeServer.start((query, reply) => reply(answerMessage(query)))
  await using proxy = await startTestProxy({ policy: { allow }, upstream: upstream.at })
  await using client = await UdpClient.open(proxy.port)
  client.send(Buffer.from('hello'))
  client.send(answerMessage(queryMessage()))
  expect((await client.ask(queryMessage({ id: 2 }))).readUInt16BE(0)).toBe(2)
  expect(proxy.proxy.stats()).toMatchObject({ malformed: 2, queries: 1 })
})

test('an address that cannot be kept is counted; the client has its answer', async () => {
  await using upstream = await FakeServer.start((query, reply) =>
    reply(answerMessage(query, { answers: [A('192.0.2.1')] })),
  )
  await using proxy = await startTestProxy({
    policy: { allow },
    upstream: upstream.at,
    learnable: false,
  })
  await using client = await UdpClient.open(proxy.port)
  expect(rcode(await client.ask(queryMessage()))).toBe(0)
  expect(proxy.proxy.stats()).toMatchObject({ learned: 0, notLearned: 1 })
  expect(proxy.records[0]?.reason).toBe(
    'allowed by policy; no room to learn 192.0.2.1: connections to it are denied',
  )
})

test('clients over IPv6 loopback are served', async ({ skip }) => {
  await using upstream = await FakeServer.start((query, reply) =>
    reply(answerMessage(query, { answers: [A('192.0.2.1')] })),
  )
  await using proxy = await startTestProxy({ policy: { allow }, upstream: upstream.at })
  const { port6 } = proxy.proxy.ports
  if (port6 === null) return skip('this machine has no IPv6 loopback')
  await using client = await UdpClient.open(port6, '::1')
  expect(rcode(await client.ask(queryMessage()))).toBe(0)
})

test('a thousand servers asked leave a bounded number of sockets', async () => {
  await using upstream = await FakeServer.start((query, reply) => reply(answerMessage(query)))
  await using proxy = await startTestProxy({
    policy: { egress: 'audit' },
    upstream: upstream.at,
    limits: { servers: 4 },
  })
  await using client = await UdpClient.open(proxy.port)
  const before = process.getActiveResourcesInfo().filter((each) => each === 'UDPWrap').length
  for (let i = 1; i <= 1000; i++) {
    proxy.client.now = {
      process: null,
      server: server(`127.1.${i >> 8}.${i & 0xff}`, upstream.at.port),
    }
    expect(rcode(await client.ask(queryMessage({ id: i })))).toBe(2)
  }
  proxy.client.now = { process: null, server: upstream.at }
  expect(rcode(await client.ask(queryMessage({ id: 2000 })))).toBe(0)
  const after = process.getActiveResourcesInfo().filter((each) => each === 'UDPWrap').length
  expect(after - before).toBeLessThanOrEqual(4 * 8)
})

test('a policy that comes while a query is under way decides its answer', async () => {
  const held: (() => void)[] = []
  await using upstream = await FakeServer.start((query, reply) =>
    held.push(() => reply(answerMessage(query, { answers: [A('192.0.2.1')] }))),
  )
  await using proxy = await startTestProxy({ policy: { allow }, upstream: upstream.at })
  await using client = await UdpClient.open(proxy.port)
  client.send(queryMessage())
  await until(() => held.length === 1)
  proxy.proxy.relay.replacePolicy(testPolicy({ allow: ['other.example'] }))
  held[0]?.()
  expect(rcode(await client.next())).toBe(5)
  expect(proxy.learned).toEqual([])
})
