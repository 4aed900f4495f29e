import { once } from 'node:events'
import { expect, test } from 'vitest'
import { TYPE } from '../../src/dns/codes.ts'
import { frame } from '../../src/dns/frames.ts'
import { FakeServer, startTestProxy, TcpClient, UdpClient, until } from './fixture.ts'
import { A, answerMessage, queryMessage, rcode, type TestRecord } from './messages.ts'

const policy = { allow: ['www.example.com', '*.many.example'] }
const ids = (messages: (Buffer | null)[]): (number | undefined)[] =>
  messages.map((message) => message?.readUInt16BE(0))

async function take(client: TcpClient, count: number): Promise<(Buffer | null)[]> {
  const messages: (Buffer | null)[] = []
  while (messages.length < count) messages.push(await client.next())
  return messages
}

test('a query over TCP is decided, forwarded over TCP, learned and recorded', async () => {
  const seen: string[] = []
  await using upstream = await FakeServer.start((query, reply, { protocol }) => {
    seen.push(protocol)
    reply(answerMessage(query, { answers: [A('192.0.2.1')] }))
  })
  await using proxy = await startTestProxy({ policy, upstream: upstream.at })
  await using client = await TcpClient.open(proxy.port)
  const query = queryMessage({ id: 3 })
  expect((await client.ask(query))?.toString('hex')).toBe(
    answerMessage(query, { answers: [A('192.0.2.1')] }).toString('hex'),
  )
  expect(rcode(await client.ask(queryMessage({ name: 'evil.test' })))).toBe(5)
  expect(seen).toEqual(['tcp'])
  expect(proxy.learned).toMatchObject([{ address: '192.0.2.1' }])
  expect(proxy.records).toMatchObject([
    { protocol: 'tcp', verdict: 'allowed' },
    { protocol: 'tcp', verdict: 'blocked' },
  ])
})

test('an answer of 64 KiB passes', async () => {
  const records = Array.from({ length: 4000 }, (_, i): TestRecord => ({
    type: TYPE.A,
    data: Buffer.from([192, 0, 2 + (i >> 8), i & 0xff]),
  }))
  const texts = [288, 288, 288, 288, 290].map((size): TestRecord => ({
    type: TYPE.TXT,
    data: Buffer.alloc(size, 1),
  }))
  await using upstream = await FakeServer.start((query, reply) =>
    reply(answerMessage(query, { answers: [...records, ...texts] })),
  )
  await using proxy = await startTestProxy({ policy, upstream: upstream.at })
  await using client = await TcpClient.open(proxy.port)
  const query = queryMessage()
  const reply = await client.ask(query)
  expect(reply?.equals(answerMessage(query, { answers: [...records, ...texts] }))).toBe(true)
  expect(reply).toHaveLength(65_535)
  expect(proxy.learned).toHaveLength(256)
  expect(proxy.records[0]?.reason).toBe('allowed by policy; its addresses beyond 256 grant nothing')
})

test('queries of one connection are pipelined and answered in the order that answers come', async () => {
  const held: (() => void)[] = []
  await using upstream = await FakeServer.start((query, reply) => {
    held.push(() => reply(answerMessage(query)))
    if (held.length === 3) for (const release of held.toReversed()) release()
  })
  await using proxy = await startTestProxy({ policy, upstream: upstream.at })
  await using client = await TcpClient.open(proxy.port)
  client.send(...[1, 2, 3].map((id) => queryMessage({ id, name: `n${id}.many.example` })))
  expect(ids(await take(client, 3))).toEqual([3, 2, 1])
  expect(upstream.connections).toBe(1)
})

test('messages may come in pieces of any size', async () => {
  await using upstream = await FakeServer.start((query, reply) => reply(answerMessage(query)))
  await using proxy = await startTestProxy({ policy, upstream: upstream.at })
  await using client = await TcpClient.open(proxy.port)
  client.socket.setNoDelay(true)
  const bytes = Buffer.concat([1, 2].map((id) => frame(queryMessage({ id }))))
  for (const byte of bytes)
    await new Promise((resolve) => client.socket.write(Buffer.from([byte]), resolve))
  expect(ids(await take(client, 2)).sort()).toEqual([1, 2])
})

test('a client that has ended its side still gets its answers, then the connection ends', async () => {
  const held: (() => void)[] = []
  await using upstream = await FakeServer.start((query, reply) =>
    held.push(() => reply(answerMessage(query))),
  )
  await using proxy = await startTestProxy({ policy, upstream: upstream.at })
  await using client = await TcpClient.open(proxy.port)
  client.socket.end(
    Buffer.concat([1, 2].map((id) => frame(queryMessage({ id, name: `n${id}.many.example` })))),
  )
  await until(() => held.length === 2)
  for (const release of held) release()
  expect(ids(await take(client, 2))).toEqual([1, 2])
  expect(await client.next()).toBeNull()
})

test('a server that ends the connection after each answer is asked on a new one', async () => {
  await using upstream = await FakeServer.start((query, reply, { socket }) => {
    if ('destroySoon' in socket && socket.bytesWritten > 0) return
    reply(answerMessage(query))
    if ('destroySoon' in socket) socket.end()
  })
  await using proxy = await startTestProxy({ policy, upstream: upstream.at })
  await using client = await TcpClient.open(proxy.port)
  client.send(queryMessage({ id: 1 }), queryMessage({ id: 2 }))
  expect((await take(client, 2)).map(rcode)).toEqual([0, 0])
  expect(rcode(await client.ask(queryMessage({ id: 3 })))).toBe(0)
})

test.each([
  ['refuses connections', true],
  ['ends them without an answer', false],
])('a server that %s fails the query at once', async (_what, closed) => {
  const upstream = await FakeServer.start(
    (_query, _reply, { socket }) => 'destroySoon' in socket && socket.resetAndDestroy(),
  )
  const at = upstream.at
  if (closed) await upstream[Symbol.asyncDispose]()
  await using proxy = await startTestProxy({ policy, upstream: at })
  await using client = await TcpClient.open(proxy.port)
  expect(rcode(await client.ask(queryMessage()))).toBe(2)
  expect(proxy.records[0]?.reason).toMatch(/no answer: 127\.0\.0\.1: ECONN(REFUSED|RESET)$/)
  if (!closed) await upstream[Symbol.asyncDispose]()
})

test('a client that leaves takes its queries with it', async () => {
  await using upstream = await FakeServer.start(() => {})
  await using proxy = await startTestProxy({ policy, upstream: upstream.at })
  {
    await using client = await TcpClient.open(proxy.port)
    client.send(queryMessage())
    await until(() => proxy.proxy.stats().inFlight === 1)
    client.socket.resetAndDestroy()
  }
  await until(() => proxy.proxy.stats().inFlight === 0 && upstream.connections === 0)
  expect(proxy.records[0]?.reason).toContain('the client has left')
})

test('a connection without a query is closed after the idle time; one with a query waits for its answer', async () => {
  const held: (() => void)[] = []
  await using upstream = await FakeServer.start((query, reply) =>
    held.push(() => reply(answerMessage(query))),
  )
  await using proxy = await startTestProxy({ policy, upstream: upstream.at, limits: { idle: 30 } })
  await using busy = await TcpClient.open(proxy.port)
  busy.send(queryMessage({ id: 1 }))
  await until(() => held.length === 1)
  await using idle = await TcpClient.open(proxy.port)
  expect(await idle.next()).toBeNull()
  await using partial = await TcpClient.open(proxy.port)
  partial.socket.write(Buffer.from([0]))
  expect(await partial.next()).toBeNull()
  held[0]?.()
  expect(ids([await busy.next()])).toEqual([1])
})

test('connections beyond the bound are closed', async () => {
  await using upstream = await FakeServer.start((query, reply) => reply(answerMessage(query)))
  await using proxy = await startTestProxy({
    policy,
    upstream: upstream.at,
    limits: { connections: 2 },
  })
  await using first = await TcpClient.open(proxy.port)
  await using second = await TcpClient.open(proxy.port)
  expect([rcode(await first.ask(queryMessage())), rcode(await second.ask(queryMessage()))]).toEqual(
    [0, 0],
  )
  await using third = await TcpClient.open(proxy.port)
  expect(await third.next()).toBeNull()
})

test('a flood of queries on one connection is held back, and all of it answered', async () => {
  let most = 0
  let open = 0
  await using upstream = await FakeServer.start((query, reply) => {
    most = Math.max(most, ++open)
    setImmediate(() => {
      open--
      reply(answerMessage(query))
    })
  })
  await using proxy = await startTestProxy({
    policy,
    upstream: upstream.at,
    limits: { pipelined: 16 },
  })
  await using client = await TcpClient.open(proxy.port)
  client.send(
    ...Array.from({ length: 5000 }, (_, id) => queryMessage({ id, name: `n${id}.many.example` })),
  )
  const answered = await take(client, 5000)
  expect(new Set(ids(answered)).size).toBe(5000)
  expect(answered.every((message) => rcode(message) === 0)).toBe(true)
})

test.each([
  ['somebody who is no process of the scope', true, frame(queryMessage())],
  ['a response', false, frame(answerMessage(queryMessage()))],
  ['an empty message', false, Buffer.from([0, 0])],
])('%s gets no answer and no connection', async (_what, nobody, bytes) => {
  await using upstream = await FakeServer.start((query, reply) => reply(answerMessage(query)))
  await using proxy = await startTestProxy({ policy, upstream: upstream.at })
  if (nobody) proxy.client.now = null
  await using client = await TcpClient.open(proxy.port)
  client.socket.on('error', () => {})
  client.socket.write(bytes)
  expect(await client.next()).toBeNull()
  expect(upstream.asked).toEqual([])
})

test('a closed proxy leaves no connection behind', async () => {
  await using upstream = await FakeServer.start((query, reply) => reply(answerMessage(query)))
  const proxy = await startTestProxy({ policy, upstream: upstream.at })
  await using client = await TcpClient.open(proxy.port)
  expect(rcode(await client.ask(queryMessage()))).toBe(0)
  const closed = once(client.socket, 'close')
  client.socket.on('error', () => {})
  await proxy[Symbol.asyncDispose]()
  client.socket.end()
  await closed
  await until(() => upstream.connections === 0)
})

test('queries that are under way when the proxy ends are on record, over UDP and TCP', async () => {
  await using upstream = await FakeServer.start(() => {})
  await using proxy = await startTestProxy({ policy, upstream: upstream.at })
  await using tcp = await TcpClient.open(proxy.port)
  await using udp = await UdpClient.open(proxy.port)
  tcp.send(queryMessage({ name: 'tcp.many.example' }))
  udp.send(queryMessage({ name: 'udp.many.example' }))
  await until(() => upstream.asked.length === 2)
  proxy.proxy.close()
  expect(proxy.records.map(({ name, rcode }) => `${name} ${rcode}`).sort()).toEqual([
    'tcp.many.example SERVFAIL',
    'udp.many.example SERVFAIL',
  ])
  expect(proxy.proxy.stats().inFlight).toBe(0)
})
