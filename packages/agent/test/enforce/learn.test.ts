import { describe, expect, test } from 'vitest'
import { mergeRanges } from '../../src/enforce/learn.ts'
import { LEARNED_RANGES, type LearnedRange, RULE_NONE } from '../../src/enforce/maps.ts'

const range = (name: number, expires: bigint, more: Partial<LearnedRange> = {}): LearnedRange => ({
  name,
  expires,
  rule: 0,
  portFrom: 443,
  portTo: 443,
  unchecked: false,
  narrowing: 0,
  ...more,
})

describe('ranges of an address', () => {
  test('of one name are renewed, and never cut short by a smaller TTL', () => {
    expect(mergeRanges([range(1, 50n)], [range(1, 80n)], 10n)).toEqual([range(1, 80n)])
    expect(mergeRanges([range(1, 80n)], [range(1, 50n)], 10n)).toEqual([range(1, 80n)])
  })

  test('of several names are one, that which lives longest, where their ports are the same', () => {
    expect(mergeRanges([range(1, 50n)], [range(2, 60n)], 10n)).toEqual([range(2, 60n)])
    const many = Array.from({ length: 50 }, (_, i) => range(i + 1, 50n + BigInt(i)))
    expect(mergeRanges(many, [range(99, 60n, { portFrom: 80, portTo: 80 })], 10n)).toEqual([
      range(50, 99n),
      range(99, 60n, { portFrom: 80, portTo: 80 }),
    ])
  })

  test('that want no look at names go first', () => {
    const free = range(1, 50n, { unchecked: true })
    expect(mergeRanges([range(2, 60n)], [free], 10n)).toEqual([free, range(2, 60n)])
  })

  test('of lines for different programs stay beside each other, those for everybody first', () => {
    const own = range(1, 90n, { narrowing: 65 })
    const other = range(2, 60n, { narrowing: 66 })
    const open = range(3, 50n)
    expect(mergeRanges([own], [other, open, range(4, 40n, { narrowing: 65 })], 10n)).toEqual([
      open,
      own,
      other,
    ])
  })

  test('that have expired go', () => {
    expect(mergeRanges([range(1, 10n), range(2, 11n)], [], 10n)).toEqual([range(2, 11n)])
  })

  test('that grant stay before those that are only known, and those that live longest before others', () => {
    const known = Array.from({ length: LEARNED_RANGES + 1 }, (_, i) =>
      range(i + 10, 99n, { rule: RULE_NONE, portTo: i }),
    )
    const other = range(1, 50n, { portFrom: 80, portTo: 80 })
    const merged = mergeRanges(known, [other, range(2, 60n)], 10n)
    expect(merged).toHaveLength(LEARNED_RANGES)
    expect(merged.slice(0, 2)).toEqual([range(2, 60n), other])
  })
})
