import type { EventOf } from '@runwarden/events'
import { expect, test } from 'vitest'
import { renderSummary, renderTerminal, ReportBuilder } from '../src/index.ts'
import { facts, id, Script } from './script.ts'

const changed = (seq: number, state: 'changed' | 'restored'): EventOf<'file.changed'> => ({
  seq,
  time: 0,
  scope: 's',
  execId: id(7),
  step: 'npm',
  kind: 'file.changed',
  path: '/home/runner/work/shop/src/a\u202e.c',
  truth: 'kernel',
  state,
  ways: ['write'],
  acts: 2,
  evidence: [1],
  writer: { execId: id(5), exe: '/usr/bin/git', command: 'git checkout', step: 'npm' },
  relation: 'same-step',
  content: { before: '0'.repeat(64), after: '1'.repeat(64), unread: '' },
  dependency: null,
  programs: ['/usr/bin/python3'],
  alongside: [],
  readers: [],
})

test('files that were changed by others than their writer are folded, the restored ones first', () => {
  const builder = new ReportBuilder()
  for (const event of new Script().exec(7, 1, ['python3', 'x.py']).events) builder.add(event)
  for (const [seq, state] of ['changed', 'changed', 'restored'].entries())
    builder.add(changed(10 + seq, state as 'changed' | 'restored'))
  const report = builder.build(facts())
  expect(report.changes?.map(({ state, count, exe }) => ({ state, count, exe }))).toEqual([
    { state: 'restored', count: 1, exe: '/usr/bin/python3' },
    { state: 'changed', count: 2, exe: '/usr/bin/python3' },
  ])
  expect(renderTerminal(report)).toContain(
    `Files changed by others than their writer
/usr/bin/python3 changed and restored src/a\\u{202e}.c, written by /usr/bin/git
and 1 more by formatters, linkers and others`,
  )
  expect(renderSummary(report)).toContain('### Files changed by others than their writer')
})
