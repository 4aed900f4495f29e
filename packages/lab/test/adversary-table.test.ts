import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { attackersOf, expectedOf } from '../src/adversary/case.ts'
import { rows } from '../src/adversary/cases/index.ts'
import { kernelsTried, resultIn } from '../src/adversary/guest-results.ts'
import { insertTable } from '../src/adversary/table.ts'

const page = readFileSync(new URL('../../../docs/security-model.md', import.meta.url), 'utf8')
const cases = rows.flatMap((row) => row.cases)

test('the table in docs/security-model.md is that of the cases (else: scripts/test adversary --write)', () => {
  expect(page).toBe(insertTable(page))
})

test('every row of the list of ways round has techniques', () => {
  expect(rows.map(({ row }) => row)).toEqual(Array.from({ length: 30 }, (_, index) => index + 1))
  expect(cases.length).toBeGreaterThan(120)
})

test('tests that run techniques elsewhere are there', () => {
  const files = cases.flatMap(({ elsewhere }) => elsewhere ?? [])
  expect(files.filter((file) => !existsSync(new URL(`../../../${file}`, import.meta.url)))).toEqual(
    [],
  )
})

test('what came out worse in a virtual machine than at T0 says why', () => {
  const rank = { held: 0, unproven: 0, told: 1, 'not-held': 2 } as const
  const worse = kernelsTried().flatMap((kernel) =>
    (['run', 'host'] as const).flatMap((place) =>
      cases.flatMap((one) =>
        attackersOf(one)
          .filter((as) => {
            const result = resultIn(kernel, place, as, one.id)
            return result !== undefined && rank[result] > rank[expectedOf(one, as)]
          })
          .filter(() => one.guests === undefined)
          .map((as) => `${one.id} by ${as}: ${kernel}, ${place}`),
      ),
    ),
  )
  expect(worse).toEqual([])
})

test('each technique has a name of its own, and somebody who tries it', () => {
  expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length)
  expect(cases.filter((one) => attackersOf(one).length === 0)).toEqual([])
})
