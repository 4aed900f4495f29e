import { expect, test } from 'vitest'
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { readBuiltinRules, runTests } from '../src/files.ts'
import { prepareRules, type PreparedRules, restoreRules } from '../src/prepared.ts'

const set = readBuiltinRules()

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

test('prepared and restored, the rules find the same', () => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what was written a moment ago
  const restored = restoreRules(JSON.parse(JSON.stringify(prepareRules(set))) as PreparedRules)
  const tests = new Map(set.rules.map(({ name, tests: all }) => [name, all]))
  const rules = restored.rules.map((rule) => ({ ...rule, tests: tests.get(rule.name) ?? [] }))
  const results = runTests(restored, rules)
  expect(results.length).toBe(runTests(set).length)
  for (const {
    rule,
    test: { name, finds },
    found,
    failures,
  } of results)
    expect({ found, failures }, `${rule.name}: ${name}`).toEqual({ found: finds, failures: [] })
})

test('a list is in one file only: prepared rules know each as it is at the end', () => {
  const files = [...new Set(set.rules.map(({ where }) => where.file))]
  const lists = files.flatMap((file) => {
    const text = readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')
    return Object.keys((parse(text) as { lists?: object }).lists ?? {})
  })
  expect(lists.length).toBe(new Set(lists).size)
  expect(new Set(lists)).toEqual(new Set(set.lists.keys()))
})
