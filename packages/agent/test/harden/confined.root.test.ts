import { beforeAll, expect, test } from 'vitest'
import { onStage } from './stage.ts'
import { tries } from './tries.ts'

let outcome: Record<'none' | 'sudo' | 'sudo-and-containers', [worked: string[], broken: string[]]>

beforeAll(async () => {
  outcome = JSON.parse(await onStage('confined.ts')) as typeof outcome
}, 600_000)

test('without the switches each way to more rights works that can work on the stage', () => {
  expect(outcome.none[0]).toEqual(tries.filter(({ never }) => !never).map(({ name }) => name))
})

test('disable-sudo leaves only what is for containers without root', () => {
  expect(outcome.sudo[0]).toEqual(
    tries.filter(({ containers }) => containers === true).map(({ name }) => name),
  )
})

test('disable-sudo-and-containers leaves none', () => {
  expect(outcome['sudo-and-containers'][0]).toEqual([])
})

test.each(['none', 'sudo', 'sudo-and-containers'] as const)(
  '%s: ordinary work goes on',
  (level) => {
    expect(outcome[level][1]).toEqual([])
  },
)
