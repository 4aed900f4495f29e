import { expect, test } from 'vitest'
import { absolute, instant } from '../src/ui/Time.tsx'

test('a time is said exactly, and one that no calendar has breaks no page', () => {
  expect(absolute(1_795_000_000_123.5)).toBe('2026-11-18 11:06:40 UTC')
  expect(instant(1_795_000_000_123.5)).toBe('2026-11-18T11:06:40.123Z')
  expect(absolute(8e15)).toMatch(/^\+255479-\d\d-\d\d \d\d:\d\d:\d\d UTC$/)
  for (const at of [1e18, -1e18, Number.NaN, Number.MAX_SAFE_INTEGER]) {
    expect(absolute(at)).toBe('no time')
    expect(instant(at)).toBeUndefined()
  }
})
