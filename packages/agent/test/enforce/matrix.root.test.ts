import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Enforcer } from '../../src/enforce/enforcer.ts'
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

const V4 = '198.51.100.1'
const V6 = '2001:db8:1::1'
const MAPPED = `::ffff:${V4}`

/** What a program can do, how it is told, and what arrives when it is not stopped. */
const acts: {
  act: [string, string, string, string?]
  told: string
  arrives: string
  /** What the program gets in block mode, when not EPERM. */
  outcome?: string
}[] = [
  { act: ['tcp', V4, '8080'], told: `connect 6 ${V4} 8080`, arrives: `6 ${V4} 8080` },
  { act: ['tcp', V6, '8080'], told: `connect 6 ${V6} 8080`, arrives: `6 ${V6} 8080` },
  { act: ['tcp', MAPPED, '8080'], told: `connect 6 ${V4} 8080`, arrives: `6 ${V4} 8080` },
  { act: ['tcp-bound', V4, '8080', '5555'], told: `connect 6 ${V4} 8080`, arrives: `6 ${V4} 8080` },
  { act: ['tcp-fast-open', V4, '8080'], told: `connect 6 ${V4} 8080`, arrives: `6 ${V4} 8080` },
  { act: ['tcp-fast-open', V6, '8080'], told: `connect 6 ${V6} 8080`, arrives: `6 ${V6} 8080` },
  {
    act: ['mptcp', V4, '8080'],
    told: `connect 6 ${V4} 8080`,
    arrives: `6 ${V4} 8080`,
  },
  { act: ['uring-connect', V4, '8080'], told: `connect 6 ${V4} 8080`, arrives: `6 ${V4} 8080` },
  { act: ['uring-connect', V6, '8080'], told: `connect 6 ${V6} 8080`, arrives: `6 ${V6} 8080` },
  { act: ['udp-connect', V4, '8080'], told: `send 17 ${V4} 8080`, arrives: `17 ${V4} 8080` },
  { act: ['udp-connect', V6, '8080'], told: `send 17 ${V6} 8080`, arrives: `17 ${V6} 8080` },
  { act: ['udp-connect', MAPPED, '8080'], told: `send 17 ${V4} 8080`, arrives: `17 ${V4} 8080` },
  { act: ['udp-sendto', V4, '8080'], told: `send 17 ${V4} 8080`, arrives: `17 ${V4} 8080` },
  { act: ['udp-sendto', V6, '8080'], told: `send 17 ${V6} 8080`, arrives: `17 ${V6} 8080` },
  { act: ['udp-sendto', MAPPED, '8080'], told: `send 17 ${V4} 8080`, arrives: `17 ${V4} 8080` },
  { act: ['udp-v4-on-v6', V4, '8080'], told: `send 17 ${V4} 8080`, arrives: `17 ${V4} 8080` },
  { act: ['udp-sendmsg', V4, '8080'], told: `send 17 ${V4} 8080`, arrives: `17 ${V4} 8080` },
  { act: ['udp-sendmsg', V6, '8080'], told: `send 17 ${V6} 8080`, arrives: `17 ${V6} 8080` },
  { act: ['udp-sendmmsg', V4, '8080'], told: `send 17 ${V4} 8080`, arrives: `17 ${V4} 8080` },
  { act: ['udp-sendmmsg', MAPPED, '8080'], told: `send 17 ${V4} 8080`, arrives: `17 ${V4} 8080` },
  { act: ['uring-send', V4, '8080'], told: `send 17 ${V4} 8080`, arrives: `17 ${V4} 8080` },
  { act: ['uring-send', V6, '8080'], told: `send 17 ${V6} 8080`, arrives: `17 ${V6} 8080` },
  { act: ['udp-large', V4, '8080'], told: `send 17 ${V4} 8080`, arrives: `17 ${V4} 8080` },
  { act: ['udp-large', V6, '8080'], told: `send 17 ${V6} 8080`, arrives: `17 ${V6} 8080` },
  {
    act: ['destination-options', V6, '8080'],
    told: `send 17 ${V6} 8080`,
    arrives: `17 ${V6} 8080`,
  },
  { act: ['tcp', V4, '53'], told: `connect 6 ${V4} 53`, arrives: `6 ${V4} 53` },
  { act: ['udp-sendto', V4, '53'], told: `send 17 ${V4} 53`, arrives: `17 ${V4} 53` },
  { act: ['udp-sendto', V4, '443'], told: `send 17 ${V4} 443`, arrives: `17 ${V4} 443` },
  { act: ['ping', V4, '0'], told: `packet 1 ${V4} 0`, arrives: `1 ${V4} 0` },
  // The kernel drops the error of an ICMPv6 echo on its way to the program (net/ipv6/ping.c).
  { act: ['ping', V6, '0'], told: `packet 58 ${V6} 0`, arrives: `58 ${V6} 0`, outcome: 'ok' },
]

describe('in block mode with an empty policy', () => {
  let scope: string
  let enforcer: Enforcer
  beforeAll(() => {
    ;({ enforcer, scope } = rig.enforce(policy('block')))
  })
  afterAll(() => enforcer.close())

  test.for(acts)(
    '$act.0 to $act.1 $act.2 fails at once and nothing arrives',
    async ({ act, told, outcome = 'EPERM' }) => {
      await rig.arrived()
      expect(await rig.act(scope, ...act.filter((word) => word !== undefined))).toBe(outcome)
      expect(rig.told()).toEqual([`blocked no-rule ${told}`])
      expect(await rig.arrived()).toEqual([])
    },
  )
})

describe('in audit mode with an empty policy', () => {
  let scope: string
  let enforcer: Enforcer
  beforeAll(() => {
    ;({ enforcer, scope } = rig.enforce(policy('audit')))
  })
  afterAll(() => enforcer.close())

  test.for(acts)('$act.0 to $act.1 $act.2 passes and is told', async ({ act, told, arrives }) => {
    await rig.arrived()
    await rig.act(scope, ...act.filter((word) => word !== undefined))
    expect(rig.told()).toEqual([`would-block no-rule ${told}`])
    expect(new Set(await rig.arrived())).toContain(arrives)
  })
})
