import { readAddress } from '@runwarden/policy'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { grantsOf } from '../../src/dns/decide.ts'
import { namePolicy } from '../../src/dns/policy.ts'
import { LearnedAddresses } from '../../src/enforce/learn.ts'
import { expireLearned } from './expire.ts'
import { policy, Rig } from './rig.ts'

let rig: Rig
beforeAll(async () => {
  rig = new Rig()
  await rig.record()
  await rig.echo(443, 8080)
})
afterAll(async () => {
  await rig[Symbol.asyncDispose]()
})

test('another policy decides from its first packet on; flows that it allows live on, others end', async () => {
  const { enforcer, scope } = rig.enforce(
    policy('block', 'udp://198.51.100.1:8080 udp://198.51.100.2:8080'),
  )
  using _ = enforcer
  await using kept = await rig.talker(rig.command(scope, 'udp-keep', '198.51.100.1', '8080'))
  await using ended = await rig.talker(rig.command(scope, 'udp-keep', '198.51.100.2', '8080'))
  for (const flow of [kept, ended]) {
    expect(await flow.ask('one')).toBe('ok one')
    await flow.line()
  }
  enforcer.replacePolicy(policy('block', 'udp://198.51.100.1:8080 203.0.113.9'))
  rig.told()
  expect(await kept.ask('two')).toBe('ok two')
  expect(await ended.ask('two')).toBe('EPERM')
  expect(await rig.act(scope, 'tcp', '203.0.113.9', '443')).toBe('ok')
  expect(rig.told()).toContain('blocked no-rule send 17 198.51.100.2 8080')
})

test('a live flow whose name has expired lives on under another policy that allows the name', async () => {
  const { enforcer, scope } = rig.enforce(policy('block', 'udp://app.example.org:8080'))
  using _ = enforcer
  const learner = LearnedAddresses.open(enforcer.maps)
  learner.learn('app.example.org', readAddress('198.51.100.1')!, 60, [
    { protocol: 'udp', portFrom: 8080, portTo: 8080, rule: 0 },
  ])
  await using flow = await rig.talker(rig.command(scope, 'udp-keep', '198.51.100.1', '8080'))
  expect(await flow.ask('one')).toBe('ok one')
  await flow.line()
  expireLearned(enforcer.maps)
  enforcer.replacePolicy(policy('block', 'other.example.org udp://app.example.org:8080'))
  expect(await flow.ask('two')).toBe('ok two')
  await flow.line()
  enforcer.replacePolicy(policy('block', 'other.example.org'))
  expect(await flow.ask('three')).toBe('EPERM')
  learner.close()
})

test('a flow to a private address that an allowed name leads to ends with the line of the address', async () => {
  const both = 'udp://app.example.org:8080 udp://10.20.0.0/16:8080'
  const { enforcer, scope } = rig.enforce(policy('block', both))
  using _ = enforcer
  const learner = LearnedAddresses.open(enforcer.maps)
  learner.learn('app.example.org', readAddress('10.20.0.5')!, 60, [
    { protocol: 'udp', portFrom: 8080, portTo: 8080, rule: 0 },
  ])
  await using flow = await rig.talker(rig.command(scope, 'udp-keep', '10.20.0.5', '8080'))
  expect(await flow.ask('one')).toBe('ok one')
  await flow.line()
  enforcer.replacePolicy(policy('block', `other.example.org ${both}`))
  expect(await flow.ask('two')).toBe('ok two')
  await flow.line()
  await rig.arrived()
  const without = policy('block', 'other.example.org udp://app.example.org:8080')
  enforcer.replacePolicy(without)
  learner.relearn((name, address) => grantsOf(namePolicy(without), name, address))
  expect(await flow.ask('three')).toBe('EPERM')
  expect(await rig.arrived()).toEqual([])
  learner.close()
})

test('while policies change under traffic nothing that all deny passes, and nothing that all allow is refused', async () => {
  const policies = ['203.0.113.9', '203.0.113.1:8080'].map((more) =>
    policy('block', `udp://198.51.100.1:8080 ${more}`, ['198.51.100.2']),
  )
  const { enforcer, scope } = rig.enforce(policies[0]!)
  using _ = enforcer
  await rig.arrived()
  const state = { running: true }
  const denied = rig.act(scope, 'storm', '2001:db8:1::1', '8080', 'u30000')
  const listed = rig.act(scope, 'storm', '198.51.100.2', '8080', 'u30000')
  const allowed = rig.act(scope, 'storm', '198.51.100.1', '8080', 'u3000')
  const all = Promise.all([denied, listed, allowed]).finally(() => (state.running = false))
  let changes = 0
  while (state.running || changes < 20) {
    enforcer.replacePolicy(policies[++changes % 2]!)
    rig.drain()
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(await all).toEqual(['30000 EPERM', '30000 EPERM', '0 ok'])
  // ICMP is the kernel's own: of echoes whose socket was closed meanwhile.
  const packets = (await rig.arrived()).filter((packet) => !packet.startsWith('1 '))
  expect(new Set(packets)).toEqual(new Set(['17 198.51.100.1 8080']))
})

test('what was learned follows the new policy', () => {
  const { enforcer } = rig.enforce(policy('block', 'a.example.org b.example.org'))
  using _ = enforcer
  const learner = LearnedAddresses.open(enforcer.maps)
  const grant = { protocol: 'tcp', portFrom: 443, portTo: 443 } as const
  learner.learn('a.example.org', readAddress('198.51.100.1')!, 60, [{ ...grant, rule: 0 }])
  learner.learn('b.example.org', readAddress('198.51.100.2')!, 60, [{ ...grant, rule: 1 }])
  learner.relearn((name) => (name === 'b.example.org' ? [{ ...grant, portTo: 444, rule: 0 }] : []))
  expect(learner.has(readAddress('198.51.100.1')!)).toBe(false)
  expect(
    [...learner.entries()]
      .flatMap(({ ranges }) => ranges.map(({ portTo, rule }) => [portTo, rule]))
      .sort(),
  ).toEqual([
    [444, 0],
    [65535, 0xffffffff],
  ])
  learner.close()
})
