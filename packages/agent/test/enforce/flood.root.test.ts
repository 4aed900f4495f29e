import { readAddress } from '@runwarden/policy'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LearnedAddresses } from '../../src/enforce/learn.ts'
import { expireLearned } from './expire.ts'
import { policy, Rig } from './rig.ts'

let rig: Rig
beforeAll(() => {
  rig = new Rig()
})
afterAll(async () => {
  await rig[Symbol.asyncDispose]()
})

function lost(): number {
  const key = Buffer.alloc(4)
  key.writeUInt32LE(6)
  const counts = rig.lost.get(key)!
  let sum = 0n
  for (let at = 0; at < counts.length; at += 8) sum += counts.readBigUInt64LE(at)
  return Number(sum)
}

test.for([
  ['20,000 connects', 'storm', '20000', 20_000],
  ['100,000 datagrams', 'storm', 'u100000', 100_000],
] as const)(
  '%s to one blocked place are told once at once, and counted to the last',
  async ([, act, count, total]) => {
    const { enforcer, scope } = rig.enforce(policy('block'))
    using _ = enforcer
    rig.told()
    const storm = rig.act(scope, act, '198.51.100.1', '443', count)
    const counted = []
    const state = { running: true }
    const ended = storm.finally(() => (state.running = false))
    while (state.running) {
      counted.push(...enforcer.attempts())
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(await ended).toBe(`${total} EPERM`)
    counted.push(...enforcer.attempts(true))
    rig.drain()
    const sum = [...rig.records.splice(0), ...counted].reduce(
      (all, record) => all + record.count,
      0,
    )
    expect(sum).toBe(total)
    expect(
      counted.every(({ verdict, port, tgid }) => verdict === 'blocked' && port === 443 && tgid > 0),
    ).toBe(true)
    expect(lost()).toBe(0)
  },
)

test('5,000 connects to as many places are each told at once', async () => {
  const { enforcer, scope } = rig.enforce(policy('block'))
  using _ = enforcer
  rig.told()
  expect(await rig.act(scope, 'sweep', '198.51.100.1', '1000', '5000')).toBe('5000')
  rig.drain()
  expect(new Set(rig.records.splice(0).map(({ port }) => port)).size).toBe(5000)
  expect(enforcer.attempts(true)).toEqual([])
  expect(lost()).toBe(0)
})

test('flows are counted, packets and bytes, with their process', async () => {
  const { enforcer, scope } = rig.enforce(policy('block', 'udp://198.51.100.1:8080'))
  using _ = enforcer
  await rig.act(scope, 'storm', '198.51.100.1', '8080', 'u1000')
  const flows = enforcer.flows()
  expect(flows).toMatchObject([
    {
      packets: 1000,
      bytes: 32_000,
      port: 8080,
      protocol: 17,
      verdict: 'allowed',
      reason: 'address',
      rule: 0,
    },
  ])
  expect(flows[0]!.tgid).toBeGreaterThan(1)
  expect(enforcer.flows()).toEqual([])
})

test('flows of many sockets of one process to one place are told as one', async () => {
  await using _peer = await rig.echo(8080)
  const { enforcer, scope } = rig.enforce(policy('block', '198.51.100.1:8080'))
  using _ = enforcer
  expect(await rig.act(scope, 'storm', '198.51.100.1', '8080', '300')).toBe('0 ok')
  const flows = enforcer.flows()
  expect(flows).toMatchObject([{ port: 8080, protocol: 6, tls: false }])
  expect(flows[0]?.sockets).toHaveLength(300)
  expect(flows[0]?.sockets.reduce((sum, bytes) => sum + bytes, 0)).toBe(flows[0]?.bytes)
})

test('a live flow whose name has expired keeps its seat while 80,000 others come and go', async () => {
  await using _peer = await rig.echo(8080)
  const { enforcer, scope } = rig.enforce(
    policy('block', 'udp://app.example.org:8080 198.51.100.2:10000-29999'),
  )
  using _ = enforcer
  const learner = LearnedAddresses.open(enforcer.maps)
  learner.learn('app.example.org', readAddress('198.51.100.1')!, 60, [
    { protocol: 'udp', portFrom: 8080, portTo: 8080, rule: 0 },
  ])
  await using flow = await rig.talker(rig.command(scope, 'udp-keep', '198.51.100.1', '8080'))
  expect(await flow.ask('first')).toBe('ok first')
  await flow.line()
  expireLearned(enforcer.maps)
  for (let round = 0; round < 4; round++) {
    expect(await rig.act(scope, 'sweep', '198.51.100.2', '10000', '20000')).toBe('0')
    expect(await flow.ask('more')).toBe('ok more')
    await flow.line()
  }
  learner.close()
})
