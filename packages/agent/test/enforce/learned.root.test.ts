import { readAddress } from '@runwarden/policy'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Enforcer } from '../../src/enforce/enforcer.ts'
import { LearnedAddresses } from '../../src/enforce/learn.ts'
import { expireLearned } from './expire.ts'
import { policy, Rig } from './rig.ts'

let rig: Rig
let enforcer: Enforcer
let scope: string
let learner: LearnedAddresses
beforeAll(async () => {
  rig = new Rig()
  await rig.record()
  await rig.echo(443, 8080)
})
afterAll(async () => {
  await rig[Symbol.asyncDispose]()
})

function enforce(allow: string): Disposable {
  ;({ enforcer, scope } = rig.enforce(policy('block', allow)))
  learner = LearnedAddresses.open(enforcer.maps)
  return {
    [Symbol.dispose]() {
      learner.close()
      enforcer.close()
    },
  }
}

function learn(
  name: string,
  address: string,
  grants: Parameters<LearnedAddresses['learn']>[3],
  ttl = 60,
): boolean {
  return learner.learn(name, readAddress(address)!, ttl, grants)
}

const tcp443 = { protocol: 'tcp', portFrom: 443, portTo: 443, rule: 0 } as const
const udp8080 = { protocol: 'udp', portFrom: 8080, portTo: 8080, rule: 0 } as const

test('an address that an allowed name led to is reached, on the ports of the name only', async () => {
  using _ = enforce('app.example.org')
  expect(await rig.act(scope, 'tcp', '198.51.100.1', '443')).toBe('EPERM')
  learn('app.example.org', '198.51.100.1', [tcp443])
  learn('app.example.org', '2001:db8:1::1', [tcp443])
  rig.told()
  expect(await rig.act(scope, 'tcp', '198.51.100.1', '443')).toBe('ok')
  expect(await rig.act(scope, 'tcp', '::ffff:198.51.100.1', '443')).toBe('ok')
  expect(await rig.act(scope, 'tcp', '2001:db8:1::1', '443')).toBe('ok')
  expect(await rig.act(scope, 'tcp', '198.51.100.1', '8080')).toBe('EPERM')
  expect(await rig.act(scope, 'udp-sendto', '198.51.100.1', '443')).toBe('EPERM')
  expect(await rig.act(scope, 'tcp', '198.51.100.2', '443')).toBe('EPERM')
  rig.drain()
  expect(
    rig.records.slice(0, 4).map((record) => [record.verdict, enforcer.name(record.name)]),
  ).toEqual([
    ['allowed', 'app.example.org'],
    ['allowed', 'app.example.org'],
    ['allowed', 'app.example.org'],
    ['blocked', 'app.example.org'],
  ])
})

test('names that share an address each grant what is theirs', async () => {
  using _ = enforce('one.example.org two.example.org:8080')
  learn('one.example.org', '198.51.100.1', [tcp443])
  learn('two.example.org', '198.51.100.1', [{ ...tcp443, portFrom: 8080, portTo: 8080, rule: 1 }])
  rig.told()
  expect(await rig.act(scope, 'tcp', '198.51.100.1', '443')).toBe('ok')
  expect(await rig.act(scope, 'tcp', '198.51.100.1', '8080')).toBe('ok')
  rig.drain()
  expect(rig.records.map(({ name, rule }) => [enforcer.name(name), rule])).toEqual([
    ['one.example.org', 0],
    ['two.example.org', 1],
  ])
})

test('a name that policy does not allow is known, and grants nothing', async () => {
  using _ = enforce('')
  learn('thief.example.net', '198.51.100.1', [])
  rig.told()
  expect(await rig.act(scope, 'tcp', '198.51.100.1', '443')).toBe('EPERM')
  rig.drain()
  expect(rig.records.map(({ name }) => enforcer.name(name))).toEqual(['thief.example.net'])
})

test('when the time of a name has run out, live flows go on and new ones are refused', async () => {
  using _ = enforce('app.example.org udp://app.example.org:8080')
  learn('app.example.org', '198.51.100.1', [tcp443, udp8080])
  await using tcp = await rig.talker(rig.command(scope, 'tcp-keep', '198.51.100.1', '443'))
  await using udp = await rig.talker(rig.command(scope, 'udp-keep', '198.51.100.1', '8080'))
  expect(await tcp.ask('before')).toBe('ok before')
  expect(await udp.ask('before')).toBe('ok before')
  // Each echo ends with the newline of what was sent.
  await tcp.line()
  await udp.line()
  expireLearned(enforcer.maps)
  expect(await tcp.ask('after')).toBe('ok after')
  expect(await udp.ask('after')).toBe('ok after')
  expect(await rig.act(scope, 'tcp', '198.51.100.1', '443')).toBe('EPERM')
  expect(await rig.act(scope, 'udp-connect', '198.51.100.1', '8080')).toBe('EPERM')
  learn('app.example.org', '198.51.100.1', [tcp443])
  expect(await rig.act(scope, 'tcp', '198.51.100.1', '443')).toBe('ok')
})

test('what has expired is swept out', () => {
  using _ = enforce('')
  learn('old.example.org', '198.51.100.1', [tcp443])
  expireLearned(enforcer.maps)
  learn('new.example.org', '198.51.100.2', [tcp443])
  expect(learner.sweep()).toBe(1)
  expect([...learner.entries()].length).toBe(1)
  expect(learner.has(readAddress('198.51.100.1')!)).toBe(false)
  expect(learner.has(readAddress('198.51.100.2')!)).toBe(true)
})
