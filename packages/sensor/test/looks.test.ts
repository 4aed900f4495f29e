import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { everyLook, inTurn, keepLooking, LOOK_MS } from '../src/looks.ts'

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
  vi.advanceTimersByTime(4 * LOOK_MS)
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

test('what is due waits for the turn behind its time, and those who look go first', () => {
  const done: string[] = []
  const end = everyLook(() => {
    done.push('look')
    keepLooking()
  })
  inTurn(LOOK_MS / 2, () => done.push('soon'))
  inTurn(LOOK_MS * 1.5, () => {
    done.push('later')
    inTurn(LOOK_MS / 2, () => done.push('again'))
  })
  vi.advanceTimersByTime(LOOK_MS)
  expect(done).toEqual(['look', 'soon'])
  vi.advanceTimersByTime(LOOK_MS)
  expect(done).toEqual(['look', 'soon', 'look', 'later'])
  vi.advanceTimersByTime(LOOK_MS)
  expect(done.slice(4)).toEqual(['look', 'again'])
  end()
})

test('what is due is done though nobody looks any more, nothing comes, or looks are once a second', () => {
  let done = 0
  const work = (): void => void done++
  inTurn(100, work)
  vi.advanceTimersByTime(100 + LOOK_MS)
  expect(done).toBe(1)
  const end = everyLook(() => undefined)
  vi.advanceTimersByTime(10_000)
  inTurn(100, work)
  vi.advanceTimersByTime(100 + LOOK_MS)
  expect(done).toBe(2)
  inTurn(3000, work)
  end()
  vi.advanceTimersByTime(3000 + LOOK_MS)
  expect(done).toBe(3)
  expect(vi.getTimerCount()).toBe(0)
})
