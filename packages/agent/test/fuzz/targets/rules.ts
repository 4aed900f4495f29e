import { readFileSync } from 'node:fs'
import { PolicyError } from '@runwarden/policy'
import { readRules, runTests } from '@runwarden/rules/files'
import { must, type Target } from '../target.ts'

/** What acts on a terminal, or hides. */
// oxlint-disable-next-line no-control-regex -- what must not be there
const acting = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/
const builtin = new URL('../../../../rules/builtin/', import.meta.url)

const suppressions = `version: 1
lists:
  mine: [/usr/bin/a, '**/b']
remember:
  - as: seen
    on: [file.read]
    of: process
    for: 5m
    when: event.path in mine
suppress:
  - id: reverse-shell
    reason: a test opens one
    repository: 'acme/*'
    workflow: ci
    step: 'e2e-*'
  - endpoint: '*.example.org:443'
    process: '**/curl'
    reason: our mirror
`

/** A file of rules and suppressions, as a user writes it; the tests of rules that are taken are run. */
export const rules: Target = {
  name: 'rules',
  seeds: () => [
    ...['60-containers.yml', '80-secrets.yml', '20-memory.yml'].map((name) =>
      readFileSync(new URL(name, builtin)),
    ),
    Buffer.from(suppressions),
  ],
  words: [
    '\n  - rule: ',
    'when: ',
    'event.',
    'process.parent.',
    'memory.',
    '.exists(a, ',
    ' && ',
    ' || ',
    ' in ',
    "glob(event.path, '**')",
    '{event.path}',
    'suppress:',
    'tests:',
    '&a ',
    '*a',
    '<<: ',
  ],
  run: (input) => {
    const text = input.toString('utf8')
    try {
      const set = readRules([{ file: 'mine.yml', text }])
      const results = runTests(set)
      const failed = results.some(({ failures }) => failures.length > 0)
      return `valid ${set.rules.length} ${set.memories.length} ${set.suppressions.length} ${results.length} ${failed}`
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error
      must(error.problems.length > 0, 'an error has a problem')
      for (const { line, column } of error.problems) must(line > 0 && column > 0, 'with its place')
      must(!acting.test(error.message), 'and a message that is safe to show')
      const messages = error.problems.map(({ what }) =>
        what.replaceAll(/"[^"]*"|\d+|'[^']*'/g, '…').slice(0, 30),
      )
      return [...new Set(messages)].toSorted().slice(0, 3).join('; ')
    }
  },
}
