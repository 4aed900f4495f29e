import { expect, test } from 'vitest'
import { TYPE } from '../../src/dns/codes.ts'
import {
  FakeServer,
  startTestProxy,
  testPolicy,
  type TestPolicy,
  UdpClient,
  until,
} from './fixture.ts'
import {
  A,
  a,
  answerMessage,
  cname,
  queryMessage,
  rcode,
  svcb,
  type TestAnswer,
} from './messages.ts'

const allow = ['www.example.com', 'two.example.com', '*.many.example']

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
