import { beforeAll, expect, test } from 'vitest'
import { onStage } from './stage.ts'

let outcome: Record<string, unknown>

beforeAll(async () => {
  outcome = JSON.parse(await onStage('given-back.ts')) as typeof outcome
}, 300_000)

test('the mount that had setuid bits has them again, wherever it is, and none that was put in its place', () => {
  expect(outcome['nosuid']).toBe(true)
  expect(outcome['moved']).toBe(false)
  expect(outcome['another']).toBe(true)
  expect(outcome['another proved']).toBe(false)
})

test('mounts of namespaces that were made during the job are left as they are, and said', () => {
  expect(outcome['others own']).toEqual([true, true, true])
  expect(outcome['moved said']).toEqual([
    expect.stringMatching(/setuid bits do not count for process .* until started again/),
  ])
  for (const pid of outcome['made meanwhile'] as number[])
    expect(outcome['moved said']).toEqual([expect.stringContaining(`process ${pid} (sleep)`)])
})

test('sudo is back for an account when no job of any account wants it away', () => {
  expect([outcome['two said'], outcome['one left'], outcome['none left']]).toEqual([
    [],
    false,
    true,
  ])
})

test('what cannot be undone stays on record, and the next agent undoes it', () => {
  expect(outcome['stuck said']).toEqual([
    expect.stringMatching(/^\/etc\/group cannot be undone: \/etc\/group cannot be written: EBUSY/),
  ])
  expect(outcome['stuck']).toBe(true)
  expect(outcome['stuck undone']).toEqual([[], true])
})

test('an agent that is killed while it gives back: the next one goes on', () => {
  expect(outcome['killed undone']).toEqual([[], true])
})

test('a group that was added meanwhile stays, and the account has its groups again', () => {
  expect(outcome['since group']).toBe(true)
  expect(outcome['since said']).toEqual([
    '/run/docker.sock is another file now, and is left as it is',
  ])
  expect(outcome['left']).toBe(false)
})

test('on a full disk the file that is there stays whole, and is undone when there is room', () => {
  expect(outcome['full said']).toEqual([
    '/srv/small/group cannot be undone: /srv/small/group cannot be written: ENOSPC: no space left on device, write',
  ])
  expect(outcome['full']).toEqual([true, 'fill\ngroup'])
  expect(outcome['room']).toEqual([])
  expect(outcome['room text']).toBe(true)
})

test('on a full disk nothing is changed, and it is said which one', () => {
  expect(outcome['full at start']).toEqual([
    'HARDEN',
    expect.stringMatching(/^\/srv\/small\/jobs\/\w+\.?\w* cannot be written: ENOSPC/),
    'make room on its disk',
  ])
})
