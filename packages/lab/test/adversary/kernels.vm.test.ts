import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Case, expectedOf } from '../../src/adversary/case.ts'
import { rows } from '../../src/adversary/cases/index.ts'
import { attackInside, bootAttacked } from '../../src/adversary/in-guest.ts'
import type { Vm } from '../../src/vm/index.ts'

/**
 * What CI has time for under emulation: each layer once, and what tier T2 makes better. All of it, an hour or more:
 * `RUNWARDEN_ADVERSARY=all npm run test:vm -- adversary`; another value is a pattern of ids.
 */
const asked = process.env['RUNWARDEN_ADVERSARY']
const chosen = [
  { scope: 'run', as: 'user', ids: '^(changed-sendfile|hello-split-name|uring-connect-4)$' },
  { scope: 'run', as: 'root', ids: '^(changed-uring|tamper-(detach|kill))$' },
  { scope: 'host', as: 'root', ids: '^(raw-udp|changed-uring|uring-connect-4)$' },
  ...(asked === undefined ? [] : [{ scope: 'host', as: 'user', ids: '' } as const]),
] as const

const cases = new Map<string, Case>(
  rows.flatMap((row) => row.cases.map((one): [string, Case] => [one.id, one])),
)

let vm: Vm
beforeAll(async () => {
  vm = await bootAttacked('6.12-amd64')
}, 300_000)
afterAll(() => vm[Symbol.asyncDispose]())

test.each(chosen)(
  // Nobody is guarded by T2 where the agent itself is inside of the scope: the whole machine.
  'with tiers T1 and T2, in a scope of $scope, attacks by $as come out as the table says',
  async ({ scope, as, ids }) => {
    const pattern = asked === 'all' ? '' : (asked ?? ids)
    const outcomes = await attackInside(vm, as, pattern, scope)
    const worse = outcomes.filter((one) => {
      if ('unable' in one) return asked === undefined
      const known = cases.get(one.id)
      if (known === undefined) return true
      const { result, twin } = one.outcome
      const expected = expectedOf(known, as, [scope === 'host' ? 'host' : 'T2'])
      const fits = result === expected || (known[as]?.race === true && result === 'held')
      return !fits || twin?.arrived.length === 0
    })
    expect(worse).toEqual([])
    expect(outcomes.length).toBeGreaterThan(2)
  },
  8_000_000,
)
