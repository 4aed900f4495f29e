import { expect, test } from 'vitest'
import { reportOf, stolenReport } from '../../../report/test/runs.ts'
import { id, Script } from '../../../report/test/script.ts'
import { ReportTree } from '../../src/job/from-report/tree.ts'
import { step, type Move } from '../../src/job/processes/keys.ts'
import { type Branch, type Line, linesOf } from '../../src/job/processes/lines.ts'
import { openOf } from '../../src/job/processes/opening.ts'

const none: ReadonlySet<string> = new Set()

/** All branches of a report's tree, pages of so many. */
function branchesOf(tree: ReportTree, limit = 500): Map<string, Branch> {
  const branches = new Map<string, Branch>()
  const add = (parent: string): void => {
    const { items, next } = tree.page(parent === '' ? {} : { parent }, 0, limit)
    branches.set(parent, { items, waiting: false, more: next === null ? null : () => {} })
    for (const { execId, children } of items) if (children > 0) add(execId)
  }
  add('')
  return branches
}

const text = (lines: readonly Line[]): string[] =>
  lines.map((line) =>
    line.kind === 'more'
      ? `${'  '.repeat(line.depth)}… ${line.left}`
      : `${'  '.repeat(line.depth)}${line.process.children === 0 ? '·' : line.open ? '-' : '+'} ${line.process.images.at(-1)?.argv.join(' ')}${line.alike > 1 ? ` ×${line.alike}` : ''}`,
  )

const family = new Script()
  .exec(2, 1, ['npm'])
  .exec(3, 2, ['sh'])
  .exec(5, 3, ['node', 'x.js'])
  .exec(4, 2, ['git', 'fetch'])
  .exec(6, 1, ['other'])

test('only what is open is shown', () => {
  const branches = branchesOf(new ReportTree(reportOf(family)))
  expect(text(linesOf(branches, none, none))).toEqual(['+ npm', '· other'])
  expect(text(linesOf(branches, new Set([id(2)]), none))).toEqual([
    '- npm',
    '  + sh',
    '  · git fetch',
    '· other',
  ])
})

test('what is the same again and again is one line, until somebody wants each', () => {
  const script = new Script().exec(2, 1, ['make'])
  for (const pid of [3, 4, 5]) script.exec(pid, 2, ['cc', '-c', 'x.c'])
  script.exec(6, 2, ['ld'])
  const branches = branchesOf(new ReportTree(reportOf(script)))
  const open = new Set([id(2)])
  expect(text(linesOf(branches, open, none))).toEqual(['- make', '  · cc -c x.c ×3', '  · ld'])
  expect(text(linesOf(branches, open, new Set([id(3)])))).toEqual([
    '- make',
    '  · cc -c x.c',
    '  · cc -c x.c ×2',
    '  · ld',
  ])
})

test('a branch that is not all there says how much is left', () => {
  const script = new Script().exec(2, 1, ['make'])
  for (let pid = 3; pid < 8; pid += 1) script.exec(pid, 2, ['cc', `${pid}.c`])
  const branches = branchesOf(new ReportTree(reportOf(script)), 2)
  expect(text(linesOf(branches, new Set([id(2)]), none))).toEqual([
    '- make',
    '  · cc 3.c',
    '  · cc 4.c',
    '  … 3',
  ])
})

test('the first generations are open, unless somebody closed them', () => {
  const branches = branchesOf(new ReportTree(reportOf(family)))
  expect(openOf(branches, { opened: none, closed: none })).toEqual(new Set([id(2), id(3)]))
  expect(openOf(branches, { opened: none, closed: new Set([id(2)]) })).toEqual(none)
})

test('a process has what it did itself, and the way down to it', () => {
  const tree = new ReportTree(stolenReport())
  const line = tree.page({ line: id(4121) }, 0, 500).items
  expect(line.at(-1)).toMatchObject({ execId: id(4121), refused: 7, detections: 3 })
  expect(line[0]).toMatchObject({ execId: id(4100), refused: 0, detections: 0 })
})

test.each<[string, number, string, Move | null]>([
  ['down goes to the next line', 0, 'ArrowDown', { select: id(3) }],
  ['up goes to the line before', 1, 'ArrowUp', { select: id(2) }],
  ['up on the first line stays', 0, 'ArrowUp', { select: id(2) }],
  ['right enters what is open', 0, 'ArrowRight', { select: id(3) }],
  ['right opens what is closed', 1, 'ArrowRight', { toggle: id(3), open: true }],
  ['right on a leaf does nothing', 2, 'ArrowRight', null],
  ['left closes what is open', 0, 'ArrowLeft', { toggle: id(2), open: false }],
  ['left on a leaf goes to its parent', 2, 'ArrowLeft', { select: id(2) }],
  ['end goes to the last line', 0, 'End', { select: id(6) }],
  ['home goes to the first line', 3, 'Home', { select: id(2) }],
  ['enter opens', 1, 'Enter', { toggle: id(3), open: true }],
  ['with nothing selected, down goes to the first line', -1, 'ArrowDown', { select: id(2) }],
  ['other keys are not ours', 0, 'a', null],
])('%s', (_, at, key, move) => {
  const branches = branchesOf(new ReportTree(reportOf(family)))
  expect(step(linesOf(branches, new Set([id(2)]), none), at, key, 10)).toEqual(move)
})
