import { describe, expect, test } from 'vitest'
import { parsePolicy } from '../src/document.ts'
import {
  allowingRule,
  compile,
  decide,
  decideName,
  parseAllowedEndpoints,
  parseBlockList,
  policyOf,
} from '../src/index.ts'
import type { Attempt, Egress } from '../src/index.ts'

const allow = parseAllowedEndpoints(
  `registry.example.org
*.cdn.example.org:443
udp://time.example.org:123
203.0.113.0/24:8000-8100
[2001:db8::/32]:443
udp://192.0.2.53:53
evil.example
198.51.100.7:443`,
  'policy.yml',
)
const blockList = parseBlockList(
  JSON.stringify({
    domains: [{ value: 'evil.example', reason: 'campaign A' }],
    wildcards: [{ value: '*.worse.example', reason: 'campaign B' }],
    addresses: [{ value: '198.51.100.0/24', reason: 'campaign C' }],
  }),
  'block.json',
)

const policyFor = (egress: Egress) => compile(policyOf(allow, { egress }), blockList)

const tcp = (host: string | null, address: string | null, port = 443): Attempt => ({
  host,
  address,
  port,
  protocol: 'tcp',
})
const udp = (host: string | null, address: string | null, port: number): Attempt => ({
  host,
  address,
  port,
  protocol: 'udp',
})
const no = ['refused', 'not in the policy', null] as const
const by = (rule: string) => ['allowed', `allowed by ${rule}`, rule] as const
const listed = (reason: string, value: string) =>
  ['attack-blocked', `on the block list: ${reason}`, `block.json ${value}`] as const

describe('block list over policy over mode', () => {
  test.each([
    [tcp('registry.example.org', '192.0.2.1'), by('policy.yml:1 registry.example.org:443')],
    [tcp('REGISTRY.example.org.', null), by('policy.yml:1 registry.example.org:443')],
    [tcp('registry.example.org', '192.0.2.1', 80), no],
    [udp('registry.example.org', '192.0.2.1', 443), no],
    [tcp('a.b.cdn.example.org', null), by('policy.yml:2 *.cdn.example.org:443')],
    [tcp('cdn.example.org', null), no],
    [udp('time.example.org', null, 123), by('policy.yml:3 udp://time.example.org:123')],
    [tcp('time.example.org', null, 123), no],
    [tcp(null, '203.0.113.9', 8050), by('policy.yml:4 203.0.113.0/24:8000-8100')],
    [tcp(null, '::ffff:203.0.113.9', 8100), by('policy.yml:4 203.0.113.0/24:8000-8100')],
    [tcp('unknown.example', '203.0.113.9', 8000), by('policy.yml:4 203.0.113.0/24:8000-8100')],
    [tcp(null, '203.0.113.9', 8101), no],
    [tcp(null, '203.0.114.9', 8000), no],
    [tcp(null, '2001:db8:1::1'), by('policy.yml:5 [2001:db8::/32]:443')],
    [tcp(null, '2001:db9::1'), no],
    [udp(null, '192.0.2.53', 53), by('policy.yml:6 udp://192.0.2.53:53')],
    [tcp('evil.example', null), listed('campaign A', 'evil.example')],
    [tcp('sub.evil.example', null), no],
    [tcp('a.worse.example', '127.0.0.1'), listed('campaign B', '*.worse.example')],
    [tcp(null, '198.51.100.7'), listed('campaign C', '198.51.100.0/24')],
    [tcp('registry.example.org', '198.51.100.1'), listed('campaign C', '198.51.100.0/24')],
    [tcp(null, '127.8.9.1', 1), ['allowed', 'loopback', null]],
    [udp(null, '::1', 5353), ['allowed', 'loopback', null]],
    // The kernel takes it for loopback.
    [tcp(null, '0.0.0.0', 80), ['allowed', 'loopback', null]],
    [udp(null, '::', 80), ['allowed', 'loopback', null]],
    [tcp(null, '::ffff:0.0.0.0', 80), ['allowed', 'loopback', null]],
    [tcp(null, '0.0.0.1', 80), no],
    [tcp(null, '::2', 80), no],
    [tcp(null, '::127.0.0.1', 80), no],
    [tcp(null, '192.0.2.1'), no],
    [tcp(null, ''), no],
    [
      { address: '192.0.2.1', port: 0, protocol: 'icmp' },
      ['refused', 'only TCP and UDP can be allowed, this is icmp', null],
    ],
  ] as const)('%o', (attempt, [verdict, reason, rule]) => {
    for (const [egress, refused] of [
      ['block', 'blocked'],
      ['audit', 'would-block'],
    ] as const) {
      expect(decide(policyFor(egress), attempt)).toEqual({
        verdict: verdict === 'refused' ? refused : verdict,
        reason,
        rule,
      })
    }
  })

  test.each([
    ['registry.example.org', by('policy.yml:1 registry.example.org:443')],
    ['time.example.org', by('policy.yml:3 udp://time.example.org:123')],
    ['other.example.org', no],
    ['EVIL.example', listed('campaign A', 'evil.example')],
  ] as const)('asking for the name %s', (name, [verdict, reason, rule]) => {
    const decision = decideName(policyFor('block'), name)
    expect(decision).toEqual({ verdict: verdict === 'refused' ? 'blocked' : verdict, reason, rule })
  })
})

test('an address without a family in common is not let in by a block of the other one', () => {
  const compiled = compile(
    policyOf(parseAllowedEndpoints('[2000::/3]:443', 'p'), { egress: 'block' }),
  )
  expect(decide(compiled, { address: '192.0.2.1', port: 443, protocol: 'tcp' }).verdict).toBe(
    'blocked',
  )
})

const idle = (line: string, address: string, what = 'a private') =>
  `blocked: p.yml:${line} allows the name, but ${address} is ${what} address: it needs a line of its own`
test('a name that leads to a private address needs a line for the address, too', () => {
  const compiled = compile(
    parsePolicy(
      `egress: block
allow:
  - a.example.org
  - { endpoint: n.example.org, exe: [/usr/bin/curl] }
  - c.example.org
  - 10.0.0.0/16:443
  - udp://10.1.0.1:443
  - { endpoint: 10.2.0.1, exe: [/usr/bin/curl] }
`,
      'p.yml',
    ),
  )
  const decided = (host: string, address: string, exe?: string) => {
    const { verdict, reason } = decide(compiled, { ...tcp(host, address), exe })
    return `${verdict}: ${reason}`
  }
  expect(decided('a.example.org', '10.0.0.5')).toBe('allowed: allowed by p.yml:3 a.example.org:443')
  expect(decided('a.example.org', '10.1.0.1')).toBe(idle('3 a.example.org:443', '10.1.0.1'))
  expect(decided('a.example.org', '169.254.169.254')).toBe(
    idle('3 a.example.org:443', '169.254.169.254', 'a metadata service'),
  )
  expect(decided('a.example.org', '64:ff9b::a01:1')).toBe(
    idle('3 a.example.org:443', '64:ff9b::a01:1'),
  )
  expect(decided('a.example.org', '127.0.0.1')).toBe('allowed: loopback')
  expect(decided('a.example.org', '192.0.2.1')).toMatch(/^allowed: /)
  // A line that is narrowed opens for its own programs alone, whatever the name.
  expect(decided('a.example.org', '10.2.0.1', '/usr/bin/curl')).toBe(
    'allowed: allowed by p.yml:8 10.2.0.1:443',
  )
  expect(decided('a.example.org', '10.2.0.1', '/usr/bin/wget')).toBe(
    idle('3 a.example.org:443', '10.2.0.1'),
  )
  expect(decided('n.example.org', '10.1.0.1', '/usr/bin/curl')).toBe(
    idle('4 n.example.org:443', '10.1.0.1'),
  )
  expect(decided('n.example.org', '10.1.0.1', '/usr/bin/wget')).toBe(
    'blocked: p.yml:4 n.example.org:443 allows it to programs /usr/bin/curl only',
  )
  expect(decided('b.example.org', '10.1.0.1')).toBe('blocked: not in the policy')
  const rule = (host: string, address: string) => allowingRule(compiled, tcp(host, address))
  expect([rule('a.example.org', '10.0.0.5'), rule('a.example.org', '10.1.0.1')]).toEqual([0, null])
})
