import { expect, test } from 'vitest'
import { type Use, Used } from '../../src/https/used.ts'

/** All that is in it, by taking it out. */
function emptied<T>(used: Used<T>): T[] {
  const found: T[] = []
  for (let next = used.oldest; next !== null; next = used.oldest) {
    found.push(next.of)
    used.remove(next)
  }
  return found
}

test('the oldest is the one that was used longest ago, whichever are used and removed', () => {
  const used = new Used<number>()
  const uses = [0, 1, 2, 3, 4].map((of) => used.add(of)) as [Use<number>, ...Use<number>[]]
  for (const index of [0, 4, 4, 2]) used.use(uses[index] ?? uses[0])
  used.remove(uses[3] ?? uses[0])
  expect(used.size).toBe(4)
  expect(emptied(used)).toEqual([1, 0, 4, 2])
  expect(used.size).toBe(0)
  used.use(used.add(7))
  expect(emptied(used)).toEqual([7])
})
