import { describe, expect, test } from 'vitest'
import {
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
