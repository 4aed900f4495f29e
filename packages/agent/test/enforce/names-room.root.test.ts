import { openMapById } from '@runwarden/libbpf'
import { readAddress } from '@runwarden/policy'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LearnedAddresses } from '../../src/enforce/learn.ts'
import { policy, Rig } from './rig.ts'

const ONE = '198.51.100.1'

let rig: Rig
beforeAll(() => {
  rig = new Rig()
})
afterAll(() => rig[Symbol.asyncDispose]())

test('names that lead nowhere any more make room', () => {
  const { enforcer } = rig.enforce(policy('block', '*.example.org'))
  using _ = enforcer
  let now = 1_000_000_000_000n
  const learner = LearnedAddresses.open(enforcer.maps, () => now)
  const grants = [{ protocol: 'tcp', portFrom: 443, portTo: 443, rule: 0 } as const]
  const learned = (i: number): boolean =>
    learner.learn(`n${i}.example.org`, readAddress(ONE)!, 60, grants)
  for (let i = 0; i < 65_536; i++) expect(learned(i)).toBe(true)
  expect(learned(65_536)).toBe(false)
  now += 100_000_000_000n
  expect(learned(65_537)).toBe(true)
  using names = openMapById(enforcer.maps.names)
  expect(Array.from(names.entries()).length).toBe(1)
  learner.close()
})
