import { expect, test } from 'vitest'
import { parsePolicy } from '@runwarden/policy/document'
import { addAllowLine } from '../../src/job/policy/add-line.ts'
import { changedLines } from '../../src/job/policy/changed-lines.ts'
import { entriesOf, workflowSnippet } from '../../src/job/policy/snippet.ts'

const entry = '"new.example.org:443"'

const hosts = (document: string): string[] =>
  parsePolicy(document, 'p').rules.map(({ endpoint }) => endpoint.text)

test.each([
  ['a list', 'version: 1\nallow:\n  - a.example.org # why\n\n  # later\negress: block\n'],
  ['a list without an indent', 'version: 1\nallow:\n- a.example.org\negress: block\n'],
  ['an empty list', 'version: 1\nallow: [] # none yet\negress: block\n'],
  ['a list of comments alone', 'version: 1\nallow:\n  # - b.example.org\negress: block\n'],
  ['no list', 'version: 1\negress: block\n'],
  [
    'entries with more lines',
    'version: 1\nallow:\n  - endpoint: a.example.org\n    exe: [/usr/bin/git]\n',
  ],
  ['nothing at all but a version', 'version: 1'],
])('a line is added to %s, and all else stays', (_, text) => {
  const added = addAllowLine(text, entry)
  const before = text.includes('  # - b.') ? [] : hosts(text)
  expect(hosts(added ?? '')).toEqual([...before, 'new.example.org:443'])
})

test('a list on one line is left to the person', () => {
  expect(addAllowLine('version: 1\nallow: [a.example.org]\n', entry)).toBeNull()
})

test('what changes between two documents is told with the lines around it', () => {
  expect(changedLines('a\nb\nc\nd\n', 'a\nb\nx\nc\nd\n')).toEqual([
    { sign: ' ', text: 'a' },
    { sign: ' ', text: 'b' },
    { sign: '+', text: 'x' },
    { sign: ' ', text: 'c' },
    { sign: ' ', text: 'd' },
  ])
})

test('a workflow’s step has the endpoints of the policy, however they are written there', () => {
  const text = [
    'version: 1',
    'egress: block',
    'allow:',
    '  - a.example.org # curl',
    '  - "203.0.113.7:80"',
    '  - { endpoint: b.example.org:8443, names: unchecked } # node',
    '  # - refused.example.org # sh',
    '',
  ].join('\n')
  expect(entriesOf(text)).toEqual([
    { endpoint: 'a.example.org', more: false },
    { endpoint: '203.0.113.7:80', more: false },
    { endpoint: 'b.example.org:8443', more: true },
  ])
  expect(workflowSnippet(text)).toContain('      203.0.113.7:80\n      b.example.org:8443\n')
})
