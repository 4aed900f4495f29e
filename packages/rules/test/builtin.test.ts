import { expect, test } from 'vitest'
import { builtinRules, runTests } from '../src/index.ts'

const set = builtinRules()

test('every built-in rule says what it costs to believe it, and has a test that finds something', () => {
  for (const rule of set.rules) {
    expect(rule.falseAlarms, rule.name).not.toBe('')
    expect(
      rule.tests.some(({ finds }) => finds > 0),
      rule.name,
    ).toBe(true)
  }
})

test.each(
  runTests(set).map((result) => [`${result.rule.name}: ${result.test.name}`, result] as const),
)('%s', (_, { test: { finds }, found, failures }) => {
  expect({ found, failures }).toEqual({ found: finds, failures: [] })
})
