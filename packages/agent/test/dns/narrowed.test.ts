import { expect, test } from 'vitest'
import { TYPE } from '../../src/dns/codes.ts'
import { FakeServer, startTestProxy, type TestProxyOptions, UdpClient } from './fixture.ts'
import { a, answerMessage, queryMessage } from './messages.ts'

const policy = {
  allow: ['own.example.com', 'open.example.com'],
  narrowed: { 'own.example.com': 65 },
}
const refused = 5

/** Asks for a name as a process that fulfils these narrowings; null: nobody knows which process. */
async function ask(
  name: string,
  fulfils: number[] | null,
  more: Partial<TestProxyOptions> = {},
): Promise<{ rcode: number; asked: number; learned: string[]; told: string }> {
  const answers = [{ type: TYPE.A, ttl: 300, data: a('198.51.100.7') }]
  await using upstream = await FakeServer.start((query, reply) =>
    reply(answerMessage(query, { answers })),
  )
  await using proxy = await startTestProxy({
    policy,
    upstream: upstream.at,
    ...more,
    fulfils: fulfils ?? [],
  })
  if (fulfils === null) proxy.client.now = { process: null, server: upstream.at }
  await using client = await UdpClient.open(proxy.port)
  const reply = await client.ask(queryMessage({ name }))
  const [record] = proxy.records
  return {
    rcode: (reply?.[3] ?? 0xff) & 0xf,
    asked: upstream.asked.length,
    learned: proxy.learned.map((each) => each.name),
    told: `${record?.verdict} ${record?.reason}`,
  }
}

const answered = { rcode: 0, asked: 1 }

test('a name that is narrowed is answered to a process that fulfils it', async () => {
  expect(await ask('own.example.com', [65])).toEqual({
    ...answered,
    learned: ['own.example.com'],
    told: 'allowed allowed by policy',
  })
})

test('and refused to others, without being forwarded', async () => {
  expect(await ask('own.example.com', [64])).toEqual({
    rcode: refused,
    asked: 0,
    learned: [],
    told: 'blocked policy.yml:1 allows it to others only',
  })
})

test('a process that is not known is answered: its connects are decided in the kernel', async () => {
  expect(await ask('own.example.com', null)).toMatchObject(answered)
})

test('other names are for everybody', async () => {
  expect(await ask('open.example.com', [])).toMatchObject(answered)
})

test('in audit mode others get their answer, and what it opens stays narrowed', async () => {
  expect(await ask('own.example.com', [], { policy: { ...policy, egress: 'audit' } })).toEqual({
    ...answered,
    learned: ['own.example.com'],
    told: 'would-block policy.yml:1 allows it to others only',
  })
})

test('what a strange server answers to others opens nothing, in audit mode too', async () => {
  const audit = { ...policy, egress: 'audit' as const }
  expect(await ask('own.example.com', [], { policy: audit, resolvers: [] })).toMatchObject({
    asked: 1,
    learned: [],
  })
})
