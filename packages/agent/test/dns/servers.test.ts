import { expect, test } from 'vitest'
import { TYPE } from '../../src/dns/codes.ts'
import { Servers } from '../../src/dns/servers.ts'
import {
  FakeServer,
  server,
  startTestProxy,
  TcpClient,
  testPolicy,
  type TestPolicy,
  type TestProxy,
  UdpClient,
} from './fixture.ts'
import { A, answerMessage, queryMessage, rcode } from './messages.ts'

const allow = ['www.example.com', '*.many.example']
const answering = (address: string) =>
  FakeServer.start((query, reply) => reply(answerMessage(query, { answers: [A(address)] })))

/** A resolver of the machine, and another server that the client asks instead. */
async function twoServers(policy: TestPolicy, own?: string[]) {
  const stack = new AsyncDisposableStack()
  const resolver = stack.use(await answering('192.0.2.1'))
  const asked = stack.use(await answering('192.0.2.66'))
  const proxy: TestProxy = stack.use(
    await startTestProxy({ policy, upstream: resolver.at, ...(own && { own }) }),
  )
  proxy.client.now = { process: null, server: asked.at }
  const client = stack.use(await UdpClient.open(proxy.port))
  return { stack, resolver, asked, proxy, client }
}

test.each([
  ['one that policy does not know', 'tcp', '192.0.2.53', [], 'strange'],
  ['a UDP line for port 53, by UDP', 'udp', '192.0.2.53', ['udp', 53, 53], 'trusted'],
  ['a UDP line for port 53, by TCP', 'tcp', '192.0.2.53', ['udp', 53, 53], 'trusted'],
  ['a TCP line for port 53, by TCP', 'tcp', '192.0.2.53', ['tcp', 53, 53], 'trusted'],
  ['a TCP line for port 53, by UDP', 'udp', '192.0.2.53', ['tcp', 53, 53], 'strange'],
  ['a line for every port', 'udp', '192.0.2.53', ['any', 1, 65_535], 'strange'],
  ['a UDP line for a range with port 53', 'udp', '192.0.2.53', ['udp', 50, 60], 'strange'],
  ['a UDP line for another port', 'udp', '192.0.2.53', ['udp', 5353, 5353], 'strange'],
  ['loopback', 'udp', '127.0.0.11', [], 'here'],
  ['IPv6 loopback', 'udp', '::1', [], 'here'],
  ['the address of a bridge', 'udp', '10.88.0.1', [], 'here'],
  ['another address of its network', 'udp', '10.88.0.2', [], 'strange'],
  ['a resolver of this machine', 'udp', '192.0.2.7', [], 'trusted'],
] as const)('%s, asked by %s: %5$s', (_what, protocol, host, line, standing) => {
  const servers = new Servers([server('192.0.2.7', 53)], () => new Set(['10.88.0.1']))
  const [by, portFrom, portTo] = line
  const addresses = by ? [{ address: host, protocol: by, portFrom, portTo }] : []
  expect(servers.standing(testPolicy({ addresses }), server(host, 53), protocol)).toBe(standing)
})

test('an allowed name that a strange server is asked for is answered by a resolver of this machine', async () => {
  const { stack, resolver, asked, proxy, client } = await twoServers({ allow })
  await using _ = stack
  expect(rcode(await client.ask(queryMessage()))).toBe(0)
  expect([resolver.asked.length, asked.asked.length]).toEqual([1, 0])
  expect(proxy.learned).toMatchObject([{ name: 'www.example.com', address: '192.0.2.1' }])
  expect(proxy.records).toMatchObject([
    {
      verdict: 'allowed',
      reason: `allowed by policy; 127.0.0.1 port ${asked.at.port} is neither a resolver of this machine nor allowed by policy: one of this machine's answered`,
      serverPort: asked.at.port,
    },
  ])
})

test('a name that is not allowed is refused whichever server is asked, and neither is', async () => {
  const { stack, resolver, asked, client } = await twoServers({ allow })
  await using _ = stack
  expect(rcode(await client.ask(queryMessage({ name: 'evil.test' })))).toBe(5)
  expect([resolver.asked.length, asked.asked.length]).toEqual([0, 0])
})

test('in audit mode a strange server is asked, and grants nothing', async () => {
  const { stack, resolver, asked, proxy, client } = await twoServers({ egress: 'audit', allow })
  await using _ = stack
  expect(rcode(await client.ask(queryMessage()))).toBe(0)
  expect([resolver.asked.length, asked.asked.length]).toEqual([0, 1])
  expect(proxy.learned).toEqual([])
  expect(proxy.records).toMatchObject([
    {
      verdict: 'would-block',
      reason: `127.0.0.1 port ${asked.at.port} is neither a resolver of this machine nor allowed by policy`,
    },
  ])
})

test('a server that a line for its port names is asked itself, and what it answers is learned', async () => {
  const { stack, resolver, asked } = await twoServers({ allow })
  await using _ = stack
  const addresses = [
    { address: '127.0.0.1', protocol: 'udp', portFrom: asked.at.port, portTo: asked.at.port },
  ] as const
  await using proxy = await startTestProxy({
    policy: { allow, addresses: [...addresses] },
    upstream: asked.at,
    resolvers: [resolver.at],
  })
  await using client = await UdpClient.open(proxy.port)
  await client.ask(queryMessage())
  expect([resolver.asked.length, asked.asked.length]).toEqual([0, 1])
  expect(proxy.learned).toMatchObject([{ address: '192.0.2.66' }])
})

test.each([
  ['db', TYPE.A, 'allowed'],
  ['DB', TYPE.AAAA, 'allowed'],
  ['my_service-1', TYPE.A, 'allowed'],
  ['db.dns.podman', TYPE.A, 'allowed'],
  ['host.docker.internal', TYPE.A, 'allowed'],
  ['db', TYPE.TXT, 'blocked'],
  ['secret.db.dns.podman', TYPE.A, 'blocked'],
  ['db.project_default', TYPE.A, 'blocked'],
  ['dns.podman', TYPE.A, 'blocked'],
  ['', TYPE.A, 'blocked'],
] as const)(
  'the name %o, type %i, of a resolver on this machine: %s',
  async (name, type, verdict) => {
    const { stack, resolver, asked, proxy, client } = await twoServers({ allow })
    await using _ = stack
    expect(rcode(await client.ask(queryMessage({ name, type })))).toBe(
      verdict === 'allowed' ? 0 : 5,
    )
    expect([resolver.asked.length, asked.asked.length]).toEqual([0, verdict === 'allowed' ? 1 : 0])
    expect(proxy.records).toMatchObject([{ verdict }])
    // Whoever answers there, it opens nothing.
    expect(proxy.learned).toEqual([])
  },
)

test('a name of one label goes to no server elsewhere, and opens nothing though policy allows it', async () => {
  const { stack, resolver, asked, proxy, client } = await twoServers({ allow: ['db'] })
  await using _ = stack
  await client.ask(queryMessage({ name: 'db' }))
  expect([resolver.asked.length, asked.asked.length, proxy.learned]).toEqual([0, 1, []])
  proxy.client.now = { process: null, server: server('203.0.113.53', 53) }
  expect(rcode(await client.ask(queryMessage({ name: 'web' })))).toBe(5)
})

test('a stand-in that does not answer gives way to the next', async () => {
  const gone = await answering('192.0.2.9')
  const { at } = gone
  await gone[Symbol.asyncDispose]()
  await using second = await answering('192.0.2.1')
  await using proxy = await startTestProxy({
    policy: { allow },
    upstream: server('203.0.113.53', 53),
    resolvers: [at, second.at],
  })
  await using client = await UdpClient.open(proxy.port)
  expect(rcode(await client.ask(queryMessage({ id: 1 })))).toBe(2)
  expect(rcode(await client.ask(queryMessage({ id: 2 })))).toBe(0)
  expect(rcode(await client.ask(queryMessage({ id: 3 })))).toBe(0)
})

test('queries of one TCP connection go each to its own server, answered in any order', async () => {
  await using resolver = await answering('192.0.2.1')
  const held: (() => void)[] = []
  await using asked = await FakeServer.start((query, reply) => {
    held.push(() => reply(answerMessage(query, { answers: [A('10.88.0.5')] })))
  })
  await using proxy = await startTestProxy({ policy: { allow }, upstream: resolver.at })
  proxy.client.now = { process: null, server: asked.at }
  await using client = await TcpClient.open(proxy.port)
  client.send(
    queryMessage({ id: 1, name: 'db' }),
    queryMessage({ id: 2 }),
    queryMessage({ id: 3, name: 'evil.test' }),
    queryMessage({ id: 4, name: 'localhost' }),
    queryMessage({ id: 5, name: 'n1.many.example' }),
  )
  const came = new Map<number | undefined, number>()
  for (let i = 0; i < 4; i++) {
    const reply = await client.next()
    came.set(reply?.readUInt16BE(0), rcode(reply))
  }
  expect(Object.fromEntries(came)).toEqual({ 2: 0, 3: 5, 4: 0, 5: 0 })
  expect(held).toHaveLength(1)
  held[0]?.()
  expect((await client.next())?.readUInt16BE(0)).toBe(1)
  expect([resolver.asked.length, asked.asked.length]).toEqual([2, 1])
})

test.each([
  ['use-application-dns.net', TYPE.A, 3],
  ['use-application-dns.net', TYPE.AAAA, 3],
  ['_dns.resolver.arpa', TYPE.SVCB, 0],
  ['resolver.arpa', TYPE.A, 0],
] as const)(
  'clients that ask %s (type %i) whether to leave this resolver are told no, in both modes',
  async (name, type, code) => {
    for (const egress of ['audit', 'block'] as const) {
      const { stack, resolver, asked, client } = await twoServers({ egress, allow: [name] })
      await using _ = stack
      const reply = await client.ask(queryMessage({ name, type }))
      expect([rcode(reply), reply.readUInt16BE(6)]).toEqual([code, 0])
      expect([resolver.asked.length, asked.asked.length]).toEqual([0, 0])
    }
  },
)
