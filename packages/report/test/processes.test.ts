import type { Report } from '@runwarden/events'
import { expect, test } from 'vitest'
import { ReportBuilder, defaultLimits } from '../src/index.ts'
import { facts, id, Script } from './script.ts'

function built(script: Script, processes: number): Report {
  const builder = new ReportBuilder({ limits: { ...defaultLimits, processes } })
  for (const event of script.events) builder.add(event)
  return builder.build(facts())
}

/** The tree as indented text. */
function tree(report: Report): string[] {
  const depth = new Map<string, number>()
  return report.processes.map((node) => {
    const level = node.parentExecId === null ? 0 : (depth.get(node.parentExecId) ?? -1) + 1
    depth.set(node.execId, level)
    return '  '.repeat(level) + (node.images.at(-1)?.argv.join(' ') ?? '')
  })
}

test('parents come before their children, siblings in order', () => {
  const script = new Script()
    .exec(2, 1, ['npm'])
    .exec(3, 2, ['sh'])
    .exec(4, 2, ['git'])
    .exec(5, 3, ['node'])
    .exec(6, 0, ['cron'])
  expect(tree(built(script, 100))).toEqual(['npm', '  sh', '    node', '  git', 'cron'])
})

test('what a subshell starts stands below the shell', () => {
  const script = new Script()
    .exec(2, 1, ['sh'])
    .exec(4, 3, ['curl'], { ancestorExecId: id(2) })
    .connect(3, null, '192.0.2.1', { forkOf: id(2) })
  const report = built(script, 100)
  expect(tree(report)).toEqual(['sh', '  curl'])
  expect(report.destinations[0]?.processes).toMatchObject([{ execId: id(3), exe: '/usr/bin/sh' }])
})

test('events of one process that come in another order tell the same', () => {
  const script = new Script()
    .exit(3)
    .file(2, 'create', '/home/runner/work/shop/a')
    .connect(2, null, '192.0.2.1')
    .exec(2, 1, ['sh'])
    .exec(3, 2, ['true'])
    .connect(2, null, '192.0.2.1')
  const report = built(script, 100)
  expect(report.processes.map((node) => [node.images[0]?.argv[0], node.code])).toEqual([
    ['sh', null],
    ['true', 0],
  ])
  expect(report.counts.processes).toBe(2)
  expect(report.files[0]?.exe).toBe('/usr/bin/sh')
  expect(report.destinations[0]?.processes).toMatchObject([
    { execId: id(2), exe: '/usr/bin/sh', image: 0 },
  ])
})

test('an act that is told after the next exec still belongs to the program that did it', () => {
  const script = new Script().exec(2, 1, ['sh']).exec(2, 1, ['curl'])
  const [first] = script.events
  script.connect(2, null, '192.0.2.1', { time: (first?.time ?? 0) + 1 })
  expect(built(script, 100).destinations[0]?.processes).toMatchObject([
    { exe: '/usr/bin/sh', image: 0 },
  ])
})

test('the end is told: status or signal', () => {
  const script = new Script()
    .exec(2, 1, ['false'])
    .exit(2, 1)
    .exec(3, 1, ['sleep'])
    .exit(3, null, 9)
    .exec(4, 1, ['daemon'])
  expect(
    built(script, 100).processes.map(({ code, signal, endTime }) => [
      code,
      signal,
      endTime === null,
    ]),
  ).toEqual([
    [1, null, false],
    [null, 9, false],
    [null, null, true],
  ])
})

test('a full tree lets finished processes go that did nothing of note, and keeps the thief that comes last', () => {
  const script = new Script()
    .exec(2, 1, ['make'])
    .repeat(1000, (run, index) => run.exec(10 + index, 2, ['cc', String(index)]).exit(10 + index))
    .exec(5000, 2, ['thief'])
    .connect(5000, null, '198.51.100.1', { verdict: 'blocked' })
    .exit(5000)
    .repeat(1000, (run, index) =>
      run.exec(6000 + index, 2, ['ld', String(index)]).exit(6000 + index),
    )
  const report = built(script, 20)
  expect(report.processes).toHaveLength(20)
  expect(tree(report)).toContain('  thief')
  expect(tree(report)[0]).toBe('make')
  expect(tree(report).at(-1)).toBe('  ld 999')
  expect(report.counts.processes).toBe(2002)
  expect(report.truncated).toEqual({ processes: 1982 })
})

test('a tree of processes that all live is cut at its bound, and their acts still name the program', () => {
  const script = new Script()
    .repeat(100, (run, index) => run.exec(10 + index, 2, ['sleep', String(index)]))
    .connect(109, null, '192.0.2.1')
  const report = built(script, 20)
  expect(report.processes).toHaveLength(20)
  expect(report.destinations[0]?.processes).toMatchObject([
    { execId: id(109), exe: '/usr/bin/sleep', image: null },
  ])
  expect(report.truncated).toEqual({ processes: 80 })
})

test('a bomb of forks that never run a program is counted', () => {
  const script = new Script().exec(2, 1, ['sh']).repeat(500, (run, index) => run.exit(10 + index))
  expect(built(script, 100).counts.processes).toBe(501)
})

test('parents that point at each other lose no process and end no loop', () => {
  const script = new Script().exec(2, 3, ['a']).exec(3, 2, ['b']).exec(4, 4, ['c'])
  expect(built(script, 100).processes).toHaveLength(3)
})

test('a process that becomes other programs without end keeps its first ones and its last', () => {
  const script = new Script().repeat(500, (run, index) => run.exec(2, 1, ['a', String(index)]))
  const images = built(script, 100).processes[0]?.images ?? []
  expect(images).toHaveLength(defaultLimits.images)
  expect(images[0]?.argv[1]).toBe('0')
  expect(images.at(-1)?.argv[1]).toBe('499')
})
