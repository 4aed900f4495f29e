import { describe, expect, test } from 'vitest'
import { mergeRanges } from '../../src/enforce/learn.ts'
import { type LearnedRange, RULE_NONE } from '../../src/enforce/maps.ts'

const range = (name: number, expires: bigint, more: Partial<LearnedRange> = {}): LearnedRange => ({
  name,
  expires,
  rule: 0,
  portFrom: 443,
  portTo: 443,
  ...more,
})

describe('ranges of an address', () => {
  test('of one name are renewed, and never cut short by a smaller TTL', () => {
    expect(mergeRanges([range(1, 50n)], [range(1, 80n)], 10n)).toEqual([range(1, 80n)])
    expect(mergeRanges([range(1, 80n)], [range(1, 50n)], 10n)).toEqual([range(1, 80n)])
  })

  test('of several names stand beside each other', () => {
    expect(mergeRanges([range(1, 50n)], [range(2, 60n)], 10n)).toEqual([
      range(2, 60n),
      range(1, 50n),
    ])
  })

  test('that have expired go', () => {
    expect(mergeRanges([range(1, 10n), range(2, 11n)], [], 10n)).toEqual([range(2, 11n)])
  })

  test('that grant stay before those that are only known, and those that live longest before others', () => {
    const known = Array.from({ length: 8 }, (_, i) => range(i + 10, 99n, { rule: RULE_NONE }))
    const merged = mergeRanges(known, [range(1, 50n), range(2, 60n)], 10n)
    expect(merged).toHaveLength(8)
    expect(merged.slice(0, 2)).toEqual([range(2, 60n), range(1, 50n)])
  })
})
