import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Enforcer } from '../../src/enforce/enforcer.ts'
import { policy, Rig } from './rig.ts'

let rig: Rig
beforeAll(async () => {
  rig = new Rig()
  await rig.record()
  await rig.echo(443, 8080)
  await rig.proxy('local', 7000)
})
afterAll(async () => {
  await rig[Symbol.asyncDispose]()
})

const V4 = '198.51.100.1'
const V6 = '2001:db8:1::1'

describe('a policy in block mode', () => {
  const manyPorts = Array.from({ length: 40 }, (_, i) => `203.0.113.9:${2 * i + 3001}`).join(' ')
  let scope: string
  let enforcer: Enforcer
  beforeAll(() => {
    const allow = `${V4}:8080 udp://${V4}:9000-9010 203.0.113.0/24:8080 203.0.113.1:443 [2001:db8:1::/64]:443 ${manyPorts}`
    ;({ enforcer, scope } = rig.enforce(policy('block', allow)))
  })
  afterAll(() => enforcer.close())

  test.for([
    ['tcp', V4, '8080', 'ok', 'the endpoint'],
    ['tcp', `::ffff:${V4}`, '8080', 'ok', 'the endpoint as IPv4-mapped address'],
    ['uring-connect', V4, '8080', 'ok', 'the endpoint by io_uring'],
    ['tcp', V4, '443', 'EPERM', 'another port of it'],
    ['tcp', '198.51.100.2', '8080', 'EPERM', 'its neighbour'],
    ['udp-sendto', V4, '8080', 'EPERM', 'UDP where TCP is allowed'],
    ['udplite', V4, '9000', 'EPERM', 'UDP-Lite where UDP is allowed'],
    ['udp-sendto', V4, '8999', 'EPERM', 'the port before the range'],
    ['udp-sendto', V4, '9000', 'ok', 'the first port of the range'],
    ['udp-connect', V4, '9010', 'ok', 'the last port of the range'],
    ['udp-sendmmsg', V4, '9011', 'EPERM', 'the port behind the range'],
    ['tcp', V4, '9005', 'EPERM', 'TCP where UDP is allowed'],
    ['udp-large', V4, '9000', 'ok', 'a datagram in fragments'],
    ['tcp', '203.0.113.9', '8080', 'ok', 'an address of a block'],
    [
      'tcp',
      '203.0.113.1',
      '8080',
      'ok',
      'an address with an endpoint of its own, by the block around it',
    ],
    ['tcp', '203.0.113.1', '443', 'ok', 'an address with an endpoint of its own, by that'],
    ['tcp', '203.0.113.9', '443', 'EPERM', 'a port that only the neighbour has'],
    ['tcp', V6, '443', 'ok', 'an address of an IPv6 block'],
    ['tcp', V6, '8080', 'EPERM', 'another port of it'],
    ['tcp', '2001:db8::1', '443', 'EPERM', 'an address beside the IPv6 block'],
    ['tcp', '203.0.113.9', '3079', 'ECONNREFUSED', 'the last of many ports (nobody listens)'],
    ['tcp', '203.0.113.9', '3078', 'EPERM', 'a port between many'],
    ['tcp', '127.0.0.1', '7000', 'ok', 'loopback'],
    ['tcp', '127.9.9.9', '7000', 'ok', 'another loopback address'],
    ['tcp', '::1', '7000', 'ok', 'IPv6 loopback'],
    ['udp-sendto', '127.0.0.1', '7000', 'ok', 'loopback by UDP'],
    ['tcp', '0.0.0.0', '7000', 'ok', 'the unspecified address, which is loopback'],
  ] as const)('%s to %s %s is %s: %s', async ([act, address, port, outcome]) => {
    expect(await rig.act(scope, act, address, port)).toBe(outcome)
  })

  test('tells what it allowed, and by which rule', async () => {
    rig.drain()
    rig.records.length = 0
    await rig.act(scope, 'tcp', '203.0.113.9', '8080')
    rig.drain()
    expect(rig.records).toMatchObject([
      { verdict: 'allowed', reason: 'address', rule: 2, via: 'connect', count: 1 },
    ])
  })
})

describe('the block list', () => {
  test.for(['audit', 'block'] as const)(
    'stands over what the policy allows, in %s mode',
    async (mode) => {
      const { enforcer, scope } = rig.enforce(
        policy(mode, '198.51.100.0/24:8080 [2001:db8:1::/64]:8080 udp://198.51.100.0/24:8080', [
          V4,
          '2001:db8:1::1/128',
          '203.0.113.0/24',
        ]),
      )
      using _ = enforcer
      await rig.arrived()
      rig.told()
      expect(await rig.act(scope, 'tcp', V4, '8080')).toBe('EPERM')
      expect(await rig.act(scope, 'udp-sendto', V4, '8080')).toBe('EPERM')
      expect(await rig.act(scope, 'tcp', V6, '8080')).toBe('EPERM')
      expect(await rig.act(scope, 'tcp', '203.0.113.77', '1')).toBe('EPERM')
      expect(rig.told()).toEqual([
        `attack-blocked block-list connect 6 ${V4} 8080`,
        `attack-blocked block-list send 17 ${V4} 8080`,
        `attack-blocked block-list connect 6 ${V6} 8080`,
        'attack-blocked block-list connect 6 203.0.113.77 1',
      ])
      expect(await rig.arrived()).toEqual([])
      expect(await rig.act(scope, 'tcp', '198.51.100.2', '8080')).toBe('ok')
      expect(await rig.act(scope, 'tcp', '2001:db8:1::2', '8080')).toBe('ok')
    },
  )
})

test('two scopes at once each have their own policy', async () => {
  const one = rig.enforce(policy('block', `${V4}:8080`))
  const two = rig.enforce(policy('block', `[${V6}]:8080`))
  using _one = one.enforcer
  using _two = two.enforcer
  expect(await rig.act(one.scope, 'tcp', V4, '8080')).toBe('ok')
  expect(await rig.act(one.scope, 'tcp', V6, '8080')).toBe('EPERM')
  expect(await rig.act(two.scope, 'tcp', V4, '8080')).toBe('EPERM')
  expect(await rig.act(two.scope, 'tcp', V6, '8080')).toBe('ok')
})

test('outside of every scope nothing is stopped, and inside nothing when enforcement has ended', async () => {
  const { enforcer, scope } = rig.enforce(policy('block'))
  expect(await rig.act(null, 'tcp', V4, '8080')).toBe('ok')
  expect(await rig.act(scope, 'tcp', V4, '8080')).toBe('EPERM')
  enforcer.close()
  expect(await rig.act(scope, 'tcp', V4, '8080')).toBe('ok')
})

test('a loopback address that is routed off the machine is not loopback', async () => {
  const { enforcer, scope } = rig.enforce(policy('block'))
  using _ = enforcer
  const near = (...command: string[]) =>
    execFileSync('nsenter', [`--net=/run/netns/${rig.net.near}`, ...command])
  near('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/conf/near/route_localnet')
  near('ip', 'route', 'del', 'local', '127.0.0.0/8', 'dev', 'lo', 'table', 'local')
  near('ip', 'route', 'add', '127.9.9.0/24', 'via', '192.0.2.1', 'dev', 'near', 'src', '192.0.2.2')
  try {
    await rig.arrived()
    rig.told()
    expect(await rig.act(scope, 'udp-sendto', '127.9.9.9', '7000')).toBe('EPERM')
    // The call is let through and told in the other ring; the packet is not.
    expect(rig.told().sort()).toEqual([
      'allowed loopback send 17 127.9.9.9 7000',
      'blocked no-rule packet 17 127.9.9.9 7000',
    ])
    expect(await rig.arrived()).toEqual([])
  } finally {
    near('ip', 'route', 'del', '127.9.9.0/24')
    near('ip', 'route', 'add', 'local', '127.0.0.0/8', 'dev', 'lo', 'table', 'local')
  }
})

test('a server of the job on an address of the machine answers those of the machine', async () => {
  const { enforcer, scope } = rig.enforce(policy('block', '192.0.2.2:6001'))
  using _ = enforcer
  await using server = await rig.talker(rig.command(scope, 'serve', '192.0.2.2', '6001'))
  expect(await rig.act(scope, 'tcp', '192.0.2.2', '6002')).toBe('EPERM')
  expect(await rig.act(scope, 'udp-connect', '192.0.2.2', '6001')).toBe('EPERM')
  rig.told()
  expect(await rig.act(scope, 'tcp-send', '192.0.2.2', '6001', 'hello')).toBe('ok')
  expect(await server.line()).toBe('ok hello')
  expect(rig.told()).toEqual(['allowed address connect 6 192.0.2.2 6001'])
})

test('a connection from outside is not answered in block mode, and its answer is told', async () => {
  const { enforcer, scope } = rig.enforce(policy('block'))
  using _ = enforcer
  const server = await rig.talker(rig.command(scope, 'serve', '192.0.2.2', '6000'))
  rig.told()
  const caller = rig.fromFar('tcp', '192.0.2.2', '6000')
  const told: string[] = []
  while (told.length === 0) {
    told.push(...rig.told())
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(told[0]).toMatch(/^blocked inbound packet 6 192\.0\.2\.1 \d+$/)
  await caller[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})
