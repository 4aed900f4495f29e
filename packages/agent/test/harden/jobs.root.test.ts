import { beforeAll, expect, test } from 'vitest'
import { onStage } from './stage.ts'

let outcome: Record<string, unknown>

beforeAll(async () => {
  outcome = JSON.parse(await onStage('jobs.ts', { ownUsers: true })) as typeof outcome
}, 600_000)

test('a job takes sudo and the docker group (CVE-2025-32955) from the account of its steps', () => {
  expect(outcome['before']).toEqual(['sudo', 'docker'])
  expect(outcome['taken']).toEqual(expect.arrayContaining([true, false]))
  expect(outcome['both']).toEqual([])
})

test('they stay away until the last job that wants it has ended, and then the machine is as it was', () => {
  expect(outcome['one left']).toEqual(['', []])
  expect(outcome['none left']).toEqual(['', ['sudo', 'docker'], true])
})

test('what an agent that was killed has left is undone when the worker is gone, and not before', () => {
  expect(outcome['third']).toEqual([])
  expect(outcome['lives']).toEqual(['', []])
  expect(outcome['gone']).toEqual(['', ['sudo', 'docker'], true])
  expect(outcome['left']).toBe(false)
})

test('an account from which nothing can be taken is an error, and nothing is changed', () => {
  expect(outcome['root']).toContain('SUDO_ROOT')
  expect(outcome['nobody']).toContain('NO_USER')
  expect(outcome['refused']).toEqual({ open: ['sudo', 'docker'], isAsBefore: true })
})

test('jobs that begin at once wait for each other', () => {
  expect(outcome['at once']).toEqual(Array.from({ length: 4 }, () => outcome['root']))
})
