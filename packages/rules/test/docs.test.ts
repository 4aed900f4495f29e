import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { fields, seenKinds } from '../src/fields.ts'
import { readBuiltinRules, readRules, runTests } from '../src/files.ts'
import { processFields } from '../src/process-view.ts'
import { suppressionKeys } from '../src/rule.ts'

const page = readFileSync(new URL('../../../docs/rules.md', import.meta.url), 'utf8')

test('the example is a rule file, and its test passes', () => {
  const [, text = ''] = /^```yaml\n(.*?)^```/ms.exec(page) ?? []
  const set = readRules([{ file: 'docs', text }], readBuiltinRules())
  const results = runTests(set).filter(({ rule }) => rule.where.file === 'docs')
  expect(results.map(({ found, test: { finds } }) => [found, finds])).toEqual([[1, 1]])
})

test('what rules have beside the fields of events is described', () => {
  const own = new Set(
    seenKinds.flatMap((kind) =>
      Object.entries(fields[kind]).flatMap(([name, { of }]) => (of === undefined ? [] : name)),
    ),
  )
  expect([...own].filter((name) => !page.includes(`\`event.${name}\``))).toEqual([])
  const known = Object.keys(processFields).filter((name) => name !== 'known')
  expect(known.filter((name) => !page.includes(`\`${name}\``))).toEqual([])
  expect(suppressionKeys.filter((key) => !page.includes(`\`${key}\``))).toEqual([])
})
