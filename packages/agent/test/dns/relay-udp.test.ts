import { createSocket } from 'node:dgram'
import { expect, test } from 'vitest'
import { TYPE } from '../../src/dns/codes.ts'
import { FakeServer, server, startTestProxy, UdpClient, until } from './fixture.ts'
import {
  A,
  answerMessage,
  queryMessage,
  chain,
  questionOf,
  rcode,
  type TestAnswer,
  u16,
} from './messages.ts'

const allow = ['www.example.com', 'two.example.com', '*.many.example']

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
    'more aliases than are compared with the block list',
    (query) => answerMessage(query, { answers: chain(17) }),
  ],
  [
    'two aliases of one name, of which it depends on the client who is asked',
    (query) => answerMessage(query, { answers: [...chain(2), ...chain(1, 'other')] }),
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
  await using upstream = await FakeServer.start((query, reply) =>
    reply(answerMessage(query, { flags: 0x8380 })),
  )
  await using proxy = await startTestProxy({ policy: { allow }, upstream: upstream.at })
  await using client = await UdpClient.open(proxy.port)
  const reply = await client.ask(queryMessage())
  expect(reply.readUInt16BE(2) & 0x0200).toBe(0x0200)
})

test('what is left of a truncated answer is not passed on where it could not be read', async () => {
  await using upstream = await FakeServer.start((query, reply) => {
    const answers = [A('192.0.2.1'), A('192.0.2.2', 'a'.repeat(20))]
    const message = answerMessage(query, { flags: 0x8380, answers })
    // A label of a kind that there is not.
    message[message.indexOf('aaaa') - 1] = 0x80
    reply(message)
  })
  await using proxy = await startTestProxy({ policy: { allow }, upstream: upstream.at })
  await using client = await UdpClient.open(proxy.port)
  const reply = await client.ask(queryMessage())
  expect(reply.readUInt16BE(2) & 0x0200).toBe(0x0200)
  expect(reply.readUInt16BE(6)).toBe(0)
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

const broken = (): never => {
  throw new Error('broken')
}

test('a fault of our own costs the query an answer, and nobody else theirs', async () => {
  await using upstream = await FakeServer.start((query, reply) =>
    reply(answerMessage(query, { answers: [A('192.0.2.1')] })),
  )
  await using proxy = await startTestProxy({ policy: { allow }, upstream: upstream.at })
  await using client = await UdpClient.open(proxy.port)
  const { relay } = proxy.proxy
  const learner = { learn: () => true, share: () => {}, has: () => false }
  const clients = { find: () => proxy.client.now, fulfils: () => true }
  relay.replaceMaps(clients, { ...learner, learn: broken })
  expect(rcode(await client.ask(queryMessage()))).toBe(2)
  relay.replaceMaps(clients, { ...learner, has: broken })
  const reverse = { name: '1.2.0.192.in-addr.arpa', type: TYPE.PTR }
  expect(rcode(await client.ask(queryMessage(reverse)))).toBe(2)
  // Who asks is not known: no answer.
  relay.replaceMaps({ ...clients, find: broken }, learner)
  client.send(queryMessage({ id: 9 }))
  await until(() => proxy.faults.length === 3)
  relay.replaceMaps(clients, learner)
  expect(rcode(await client.ask(queryMessage({ id: 10 })))).toBe(0)
  expect(client.unread).toBe(0)
  expect(proxy.faults.map(String)).toEqual(Array.from({ length: 3 }, () => 'Error: broken'))
  expect(proxy.proxy.stats()).toMatchObject({ inFlight: 0, failed: 2 })
  expect(proxy.records.map(({ reason }) => reason)).toEqual([
    'allowed by policy; no answer: a fault of the DNS proxy',
    'not decided; no answer: a fault of the DNS proxy',
    'allowed by policy',
  ])
})
