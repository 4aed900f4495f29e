import { compile, formatAddress, parseAllowedEndpoints, policyOf } from '@runwarden/policy'
import { describe, expect, test } from 'vitest'
import { policyEntries } from '../../src/enforce/policy-entries.ts'
import { disjoint, portPrefixes } from '../../src/enforce/port-ranges.ts'

const tcp = (from: number, to: number, rule: number) => ({ from, to, rule, protocol: 6 })

/** The tries of a policy as text: prefixes with their set, then sets with their ports. */
function text(allow: string): string[] {
  const compiled = compile(policyOf(parseAllowedEndpoints(allow, 'allow'), { egress: 'block' }))
  const { grants, grantPorts } = policyEntries(compiled)
  return [
    ...Array.from(
      grants,
      ([key, value]) =>
        `${formatAddress(key.subarray(4))}/${key.readUInt32LE(0)} set ${value.readUInt32LE(0)}`,
    ),
    ...Array.from(
      grantPorts,
      ([key, value]) =>
        `set ${key.readUInt32BE(4)} protocol ${key[8]} port ${key.readUInt16BE(10)}/${key.readUInt32LE(0) - 48} rule ${value.readUInt32LE(0)}`,
    ),
  ]
}

describe('port ranges', () => {
  test.for([
    ['one port', 443, 443, ['443/16']],
    ['all ports', 0, 65_535, ['0/0']],
    ['all but 0', 1, 65_535, Array.from({ length: 16 }, (_, i) => `${2 ** i}/${16 - i}`)],
    ['an odd range', 8000, 8100, ['8000/10', '8064/11', '8096/14', '8100/16']],
    ['the last two', 65_534, 65_535, ['65534/15']],
  ] as const)('%s as prefixes', ([, from, to, expected]) => {
    expect(portPrefixes(from, to).map(({ port, bits }) => `${port}/${bits}`)).toEqual(expected)
  })

  test('every range is covered exactly', () => {
    for (const [from, to] of [
      [1, 1],
      [7, 300],
      [1023, 4097],
      [0, 1],
      [60_001, 65_535],
    ] as const) {
      const covered = portPrefixes(from, to).flatMap(({ port, bits }) =>
        Array.from({ length: 2 ** (16 - bits) }, (_, i) => port + i),
      )
      expect(covered).toEqual(Array.from({ length: to - from + 1 }, (_, i) => from + i))
    }
  })

  test.for([
    ['neighbours of one rule are one range', [tcp(1, 5, 0), tcp(6, 9, 0)], [tcp(1, 9, 0)]],
    [
      'neighbours of two rules stay two',
      [tcp(1, 5, 0), tcp(6, 9, 1)],
      [tcp(1, 5, 0), tcp(6, 9, 1)],
    ],
    [
      'the first rule counts where two overlap',
      [tcp(1, 9, 1), tcp(4, 5, 0)],
      [tcp(1, 3, 1), tcp(4, 5, 0), tcp(6, 9, 1)],
    ],
    [
      'a later rule within an earlier one is never the reason',
      [tcp(1, 9, 0), tcp(4, 5, 1)],
      [tcp(1, 9, 0)],
    ],
    ['the last port has no successor', [tcp(65_535, 65_535, 0)], [tcp(65_535, 65_535, 0)]],
  ] as const)('%s', ([, ranges, expected]) => {
    expect(disjoint(ranges)).toEqual(expected)
  })
})

describe('the entries of a policy', () => {
  test('name each prefix once, with the ports of the prefixes around it', () => {
    expect(
      text(
        '10.0.0.0/8:80 10.1.0.0/16:443 10.1.2.3:22 10.2.0.0/16:443 [2001:db8::/32]:443 udp://10.1.2.3:53',
      ),
    ).toEqual([
      '10.0.0.0/104 set 1',
      '10.1.0.0/112 set 2',
      '10.1.2.3/128 set 3',
      '10.2.0.0/112 set 4',
      '2001:db8::/32 set 5',
      'set 1 protocol 6 port 80/16 rule 0',
      'set 2 protocol 6 port 80/16 rule 0',
      'set 2 protocol 6 port 443/16 rule 1',
      'set 3 protocol 6 port 22/16 rule 2',
      'set 3 protocol 6 port 80/16 rule 0',
      'set 3 protocol 6 port 443/16 rule 1',
      'set 3 protocol 17 port 53/16 rule 5',
      'set 4 protocol 6 port 80/16 rule 0',
      'set 4 protocol 6 port 443/16 rule 3',
      'set 5 protocol 6 port 443/16 rule 4',
    ])
  })

  test('keep sets that are alike once', () => {
    const many = '198.51.100.1:443 198.51.100.1:80 198.51.100.1:22'
    expect(
      text(`${many} 203.0.113.0/24:443`).filter((entry) => entry.startsWith('set 1')),
    ).toHaveLength(3)
    expect(text('198.51.100.0/25:443').at(0)).toBe('198.51.100.0/121 set 1')
  })

  test('of 50,000 addresses are made in linear time', () => {
    const grant = {
      family: 4,
      prefix: 128,
      protocol: 'tcp',
      portFrom: 443,
      portTo: 443,
      rule: 0,
    } as const
    const base = compile(policyOf([], { egress: 'block' }))
    const addresses = Array.from({ length: 50_000 }, (_, i) => {
      const last = [0xff, 0xff, 10, i >> 16, (i >> 8) & 255, i & 255]
      return Object.assign({}, grant, { bytes: String.fromCharCode(...Array(10).fill(0), ...last) })
    })
    const { grants, grantPorts } = policyEntries(Object.assign({}, base, { addresses }))
    expect([grants.count, grantPorts.count]).toEqual([50_000, 1])
  })
})
