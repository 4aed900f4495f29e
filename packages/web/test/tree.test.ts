import { expect, test } from 'vitest'
import { reportOf, stolenReport } from '../../report/test/runs.ts'
import { id, Script } from '../../report/test/script.ts'
import { step, type Move } from '../src/report/tree/keys.ts'
import { Tree, type Row } from '../src/report/tree/tree.ts'

const text = (rows: readonly Row[]): string[] =>
  rows.map(
    (row) =>
      `${'  '.repeat(row.depth)}${row.children === 0 ? '·' : row.open ? '-' : '+'} ${row.node.images.at(-1)?.argv.join(' ')}`,
  )

const family = new Script()
  .exec(2, 1, ['npm'])
  .exec(3, 2, ['sh'])
  .exec(5, 3, ['node', 'x.js'])
  .exec(4, 2, ['git', 'fetch'])
  .exec(6, 1, ['other'])

test('only what is open is shown', () => {
  const tree = new Tree(reportOf(family))
  expect(text(tree.rows(new Set(), null))).toEqual(['+ npm', '· other'])
  expect(text(tree.rows(new Set([id(2)]), null))).toEqual([
    '- npm',
    '  + sh',
    '  · git fetch',
    '· other',
  ])
})

test('a search shows what matches and the way to it', () => {
  const tree = new Tree(reportOf(family))
  const found = tree.search('X.js')
  expect(found?.found).toBe(1)
  expect(text(tree.rows(new Set(), found?.among ?? null))).toEqual([
    '- npm',
    '  - sh',
    '    · node x.js',
  ])
})

test('each line knows its place among its siblings', () => {
  const rows = new Tree(reportOf(family)).rows(new Set([id(2)]), null)
  expect(rows.map(({ position, siblings }) => `${position}/${siblings}`)).toEqual([
    '1/2',
    '1/2',
    '2/2',
    '2/2',
  ])
})

test('what a process did that was refused is told on the way to it', () => {
  const tree = new Tree(stolenReport())
  expect(tree.own(id(4121))).toEqual({ blocked: 7, detections: 3 })
  expect(tree.own(id(4100))).toEqual({ blocked: 0, detections: 0 })
  expect(tree.below(id(4100))).toEqual({ blocked: 7, detections: 3 })
})

test('a large tree is open at first on the way to what was refused, and nowhere else', () => {
  const script = new Script().exec(2, 1, ['make'])
  script.repeat(400, (run, index) =>
    run.exec(1000 + index * 2, 2, ['sh']).exec(1001 + index * 2, 1000 + index * 2, ['cc']),
  )
  script.connect(1401, null, '192.0.2.1', { verdict: 'blocked' })
  const tree = new Tree(reportOf(script))
  expect(tree.openAtFirst()).toEqual(new Set([id(2), id(1400)]))
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
  expect(step(new Tree(reportOf(family)).rows(new Set([id(2)]), null), at, key, 10)).toEqual(move)
})
