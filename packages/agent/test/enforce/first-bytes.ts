import { readAddress } from '@runwarden/policy'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Enforcer } from '../../src/enforce/enforcer.ts'
import { LearnedAddresses } from '../../src/enforce/learn.ts'
import { hex, NamesRig } from './names-rig.ts'
import { policy } from './rig.ts'

/** Only good.example.org led there. */
export const ALONE = '198.51.100.1'
/** good.example.org and other.example.org, which is allowed as well, did; and a name that is not. */
export const SHARED = '198.51.100.2'
export const SHARED6 = '2001:db8:1::2'
/** good.example.org and other.example.org did. */
export const BOTH = '198.51.100.3'
/** good.example.org did; and narrow.example.org, which is allowed on port 443 only. */
export const NARROW = '198.51.100.4'
/** An address line of the policy allows it; good.example.org led there. */
export const BY_ADDRESS = '203.0.113.1'
/** free.example.org, whose policy line wants no look at names, did. */
export const FREE = '203.0.113.9'

const allow = 'good.example.org:1-65535 other.example.org:1-65535 203.0.113.1:1-65535'
const grant = (rule: number) => ({ protocol: 'tcp', portFrom: 1, portTo: 65_535, rule }) as const

function enforce(rig: NamesRig, egress: 'audit' | 'block'): { enforcer: Enforcer; scope: string } {
  const made = rig.enforce(policy(egress, allow))
  const learner = LearnedAddresses.open(made.enforcer.maps)
  const learn = (name: string, address: string, rule: number, ...aliases: string[]) =>
    learner.learn(name, readAddress(address)!, 600, [grant(rule)], aliases)
  learn('good.example.org', ALONE, 0, 'edge.example.net', 'cdn.example.net')
  for (const address of [SHARED, SHARED6]) {
    learn('good.example.org', address, 0)
    learn('other.example.org', address, 1)
    learner.share(readAddress(address)!, 600)
  }
  learn('good.example.org', BOTH, 0)
  learn('other.example.org', BOTH, 1)
  learn('good.example.org', NARROW, 0)
  const https = { ...grant(1), portFrom: 443, portTo: 443 }
  learner.learn('narrow.example.org', readAddress(NARROW)!, 600, [https])
  learn('good.example.org', BY_ADDRESS, 0)
  learner.learn('free.example.org', readAddress(FREE)!, 600, [{ ...grant(0), unchecked: true }])
  learner.learn('good.example.org', readAddress(FREE)!, 600, [grant(0)])
  learner.close()
  return made
}

type Segments = readonly (Buffer | string)[]

/** What is sent to an address, and what becomes of it. */
export interface FirstBytesCases {
  passing: readonly (readonly [what: string, address: string, port: number, ...Segments])[]
  /** `told` is `REASON PROTOCOL NAME`. */
  refused: readonly (readonly [
    what: string,
    address: string,
    port: number,
    told: string,
    ...Segments,
  ])[]
  /** Sent to SHARED: all but the last segment arrive. */
  later: readonly (readonly [what: string, port: number, told: string, ...Segments])[]
  /** Of one segment; what is refused in block mode. */
  audited: readonly (readonly [
    what: string,
    address: string,
    port: number,
    told: string,
    segment: Buffer | string,
  ])[]
}

/** Tests of what a connection says first, at addresses that names led to. */
export function testFirstBytes({ passing, refused, later, audited }: FirstBytesCases): void {
  let rig: NamesRig
  let scope: string
  let enforcer: Enforcer
  beforeAll(async () => {
    rig = await NamesRig.open()
  })
  afterAll(async () => {
    await rig[Symbol.asyncDispose]()
  })

  describe('in block mode', () => {
    beforeAll(() => {
      ;({ enforcer, scope } = enforce(rig, 'block'))
    })
    afterAll(() => enforcer.close())

    test.for(passing)('%s passes', async ([, address, port, ...segments]) => {
      const { outcome, told, arrived } = await rig.send(scope, address, port, ...segments)
      expect({ outcome, told, arrived: arrived.join('') }).toEqual({
        outcome: 'ok',
        told: [],
        arrived: hex(...segments).replaceAll(',', ''),
      })
    })

    test.for(refused)('%s is refused at once', async ([, address, port, reason, ...segments]) => {
      const { outcome, told, arrived } = await rig.send(scope, address, port, ...segments)
      expect({ outcome, told, arrived }).toEqual({
        outcome: 'ECONNABORTED',
        told: [`blocked ${reason}`],
        arrived: [],
      })
    })

    test.for(later)('%s ends the connection', async ([, port, reason, ...segments]) => {
      const { outcome, told, arrived } = await rig.send(scope, SHARED, port, ...segments)
      expect({ outcome, told, arrived: arrived.join('') }).toEqual({
        outcome: 'ECONNABORTED',
        told: [`blocked ${reason}`],
        arrived: hex(...segments.slice(0, -1)).replaceAll(',', ''),
      })
    })
  })

  describe('in audit mode', () => {
    beforeAll(() => {
      ;({ enforcer, scope } = enforce(rig, 'audit'))
    })
    afterAll(() => enforcer.close())

    test.for(audited)('%s passes and is told', async ([, address, port, reason, segment]) => {
      expect(await rig.send(scope, address, port, segment)).toEqual({
        outcome: 'ok',
        told: [`would-block ${reason}`],
        arrived: [hex(segment)],
      })
    })
  })
}
