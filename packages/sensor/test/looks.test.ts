import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { everyLook, keepLooking, LOOK_MS } from '../src/looks.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('what finds nothing for a while is looked at once a second, until something comes', () => {
  let looks = 0
  let found = true
  const end = everyLook(() => {
    looks++
    if (found) keepLooking()
  })
  vi.advanceTimersByTime(100 * LOOK_MS)
  expect(looks).toBe(100)
  found = false
  vi.advanceTimersByTime(6 * LOOK_MS)
  looks = 0
  vi.advanceTimersByTime(10_000)
  expect(looks).toBe(10)
  keepLooking()
  looks = 0
  vi.advanceTimersByTime(LOOK_MS)
  expect(looks).toBe(1)
  end()
  vi.advanceTimersByTime(10_000)
  expect(looks).toBe(1)
})

test('all look in one turn, and one that ends leaves the others', () => {
  const turns: string[] = []
  const ends = ['a', 'b'].map((name) =>
    everyLook(() => {
      turns.push(name)
      keepLooking()
    }),
  )
  vi.advanceTimersByTime(LOOK_MS)
  expect(turns).toEqual(['a', 'b'])
  ends[0]?.()
  vi.advanceTimersByTime(LOOK_MS)
  expect(turns).toEqual(['a', 'b', 'b'])
  ends[1]?.()
})
