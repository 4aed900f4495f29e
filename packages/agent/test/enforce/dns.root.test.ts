import { openMapById } from '@runwarden/libbpf'
import { formatAddress } from '@runwarden/policy'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DnsClients } from '../../src/enforce/dns-clients.ts'
import type { Enforcer } from '../../src/enforce/enforcer.ts'
import { decodeDnsClientValue } from '../../src/enforce/maps.ts'
import { policy, Rig } from './rig.ts'

let rig: Rig
beforeAll(async () => {
  rig = new Rig()
  await rig.record()
  await rig.proxy('proxied', 5300)
})
afterAll(async () => {
  await rig[Symbol.asyncDispose]()
})

const SERVER = '203.0.113.1'
const SERVER6 = '2001:db8:1::1'
const proxy = { port4: 5300, port6: 5300 }

describe.for(['audit', 'block'] as const)('in %s mode', (mode) => {
  let scope: string
  let enforcer: Enforcer
  beforeAll(() => {
    ;({ enforcer, scope } = rig.enforce(policy(mode, '', ['198.51.100.2']), { proxy }))
  })
  afterAll(() => enforcer.close())

  test.for([
    ['udp-ask', SERVER, 'connected', `ok proxied from ${SERVER} 53 peer ${SERVER} 53`],
    ['udp-ask', SERVER, 'unconnected', `ok proxied from ${SERVER} 53`],
    ['udp-ask', SERVER6, 'connected', `ok proxied from ${SERVER6} 53 peer ${SERVER6} 53`],
    ['udp-ask', SERVER6, 'unconnected', `ok proxied from ${SERVER6} 53`],
    [
      'udp-ask',
      `::ffff:${SERVER}`,
      'connected',
      `ok proxied from ::ffff:${SERVER} 53 peer ::ffff:${SERVER} 53`,
    ],
    ['udp-ask', `::ffff:${SERVER}`, 'unconnected', `ok proxied from ::ffff:${SERVER} 53`],
    ['udp-ask', '127.0.0.53', 'connected', 'ok proxied from 127.0.0.53 53 peer 127.0.0.53 53'],
    ['tcp-ask', SERVER, '', `ok proxied peer ${SERVER} 53`],
    ['tcp-ask', SERVER6, '', `ok proxied peer ${SERVER6} 53`],
    ['tcp-ask', `::ffff:${SERVER}`, '', `ok proxied peer ::ffff:${SERVER} 53`],
  ] as const)(
    '%s of the server %s (%s) is answered by the proxy, and seems to come from the server',
    async ([act, server, how, outcome]) => {
      await rig.arrived()
      rig.told()
      expect(await rig.act(scope, act, server, '53', how)).toBe(outcome)
      expect(rig.told()).toEqual([])
      expect(await rig.arrived()).toEqual([])
    },
  )

  test('the proxy can tell who asked which server', async () => {
    using map = openMapById(enforcer.maps.dnsClients)
    for (const [key] of map.entries()) map.delete(key)
    await rig.act(scope, 'udp-ask', SERVER, '53', 'connected')
    await rig.act(scope, 'tcp-ask', SERVER6, '53')
    const clients = DnsClients.open(enforcer.maps)
    const seen = [...map.entries()].map(([key, value]) => {
      const protocol = key[0] === 17 ? 'udp' : 'tcp'
      return [
        protocol,
        clients.find(protocol, formatAddress(key.subarray(8)), key.readUInt16LE(2)),
        decodeDnsClientValue(value),
      ] as const
    })
    clients.close()
    expect(
      seen
        .map(([protocol, client]) => `${protocol} ${client?.server.host} ${client?.server.port}`)
        .sort(),
    ).toEqual([`tcp ${SERVER6} 53`, `udp ${SERVER} 53`])
    for (const [, client, entry] of seen) {
      expect(client?.process).toEqual({ tgid: entry.tgid, start: entry.start })
      expect(entry.tgid).toBeGreaterThan(1)
      expect(entry.start).toBeGreaterThan(0n)
    }
  })

  test.for([
    ['tcp', '127.0.0.1', 'connect 6 127.0.0.1'],
    ['tcp', '::1', 'connect 6 ::1'],
    ['tcp', '::ffff:127.0.0.1', 'connect 6 127.0.0.1'],
    ['tcp', '0.0.0.0', 'connect 6 0.0.0.0'],
    ['udp-sendto', '127.0.0.1', 'send 17 127.0.0.1'],
    ['udp-connect', '::1', 'connect 17 ::1'],
  ] as const)('%s to the proxy itself at %s is refused', async ([act, address, told]) => {
    rig.told()
    expect(await rig.act(scope, act, address, '5300')).toBe('EPERM')
    expect(rig.told()).toEqual([`blocked dns-proxy ${told} 5300`])
  })

  test('a server on the block list is not even asked by way of the proxy', async () => {
    rig.told()
    expect(await rig.act(scope, 'udp-ask', '198.51.100.2', '53', 'connected')).toBe('EPERM')
    expect(rig.told()).toEqual(['attack-blocked block-list connect 17 198.51.100.2 53'])
  })
})

test('a socket that asked a server has no more rights elsewhere', async () => {
  const { enforcer, scope } = rig.enforce(policy('block'), { proxy })
  using _ = enforcer
  await rig.arrived()
  expect(await rig.act(scope, 'udp-two', SERVER, '53', '8080')).toBe('ok EPERM')
  expect(await rig.act(scope, 'udp-two', '127.0.0.1', '53', '5300')).toBe('ok EPERM')
  expect(await rig.arrived()).toEqual([])
})
