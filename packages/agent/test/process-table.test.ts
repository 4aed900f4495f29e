import { expect, test } from 'vitest'
import { ProcessTable } from '../src/process-table.ts'

const closed = { stdio: [], ends: [0, 0] } as const
const piped = (ends: [number, number]) => ({
  stdio: ends.map((end) => (end === 0 ? 'file' : 'pipe')),
  ends,
})

test('a process runs its parent’s program until it execs', () => {
  const table = new ProcessTable()
  table.exec('1', 1, null, 0, '/bin/sh')
  table.fork('2', 2, '1', 0)
  expect(table.get('2')).toMatchObject({ exe: '/bin/sh', parentExecId: '1' })
  table.exec('2', 2, '1', 0, '/usr/bin/make')
  expect(table.get('2')).toMatchObject({ exe: '/usr/bin/make' })
})

test('behind a fork without a program of its own is the ancestor that has one', () => {
  const table = new ProcessTable()
  const started = { argv: [], cwd: '/', since: 0, made: 0, ...closed }
  table.exec('before', 1, null, 0, '/sbin/init')
  table.fork('sh', 2, 'before', 0)
  table.exec('sh', 2, 'before', 0, '/bin/sh')
  table.describe('sh', started)
  table.fork('subshell', 3, 'sh', 0)
  expect(table.withProgram('subshell')).toBe('sh')
  expect(table.withProgram('sh')).toBe('sh')
  expect(table.withProgram('before')).toBeNull()
  expect(table.withProgram('never seen')).toBeNull()
  expect(table.withProgram(null)).toBeNull()
})

test('an exec that is told before its fork keeps the program and gains the parent', () => {
  const table = new ProcessTable()
  table.exec('2', 2, null, 0, '/usr/bin/make')
  table.fork('2', 2, '1', 0)
  expect(table.get('2')).toMatchObject({ exe: '/usr/bin/make', parentExecId: '1' })
})

test('a process that has ended is still known', () => {
  const table = new ProcessTable()
  table.exec('1', 1, null, 0, '/bin/sh')
  table.exit('1')
  expect(table.get('1')).toMatchObject({ exe: '/bin/sh', ended: true })
})

test('beyond its limit it forgets the ended, the first first', () => {
  const table = new ProcessTable(3)
  for (const id of ['a', 'b', 'c', 'd']) {
    table.exec(id, 1, null, 0, `/${id}`)
    if (id === 'b' || id === 'c') table.exit(id)
  }
  expect(['a', 'b', 'c', 'd'].map((id) => table.get(id)?.exe)).toEqual([
    '/a',
    undefined,
    '/c',
    '/d',
  ])
  expect(table.size).toBe(3)
})

test('who lives on stays known beyond that; where too many do, that is said, once', () => {
  const gaps: string[] = []
  const table = new ProcessTable(16, undefined, (text) => gaps.push(text))
  table.exec('first', 1, null, 0, '/bin/sh', { step: 'one' })
  for (let i = 0; i < 60; i++) table.fork(`${i}`, i, 'first', 0)
  table.exit('59')
  table.fork('next', 60, 'first', 0)
  expect(table.get('first')).toMatchObject({ step: 'one', exe: '/bin/sh', ended: false })
  expect(table.get('59')).toMatchObject({ ended: true })
  expect(gaps).toEqual([])
  for (let i = 100; i < 110; i++) table.fork(`${i}`, i, 'first', 0)
  expect(table.get('first')).toBeUndefined()
  expect(gaps).toEqual([expect.stringContaining('more than 64 processes live at once')])
})

test('a process is in its step, and in the stage of that, for as long as it is known', () => {
  const table = new ProcessTable()
  const pre = { step: 'cache', phase: 'pre' } as const
  table.exec('sh', 1, null, 0, '/bin/sh', pre)
  for (let i = 0; i < 20_000; i++) {
    table.fork(`${i}`, i, 'sh', 0, { step: 'cache', phase: 'post' })
    table.exit(`${i}`)
  }
  expect(table.get('sh')).toMatchObject(pre)
  expect(table.get('19999')).toMatchObject({ step: 'cache', phase: 'post' })
  table.exec('sh', 1, null, 0, '/bin/make')
  expect(table.get('sh')).toMatchObject(pre)
})

test('a storm of 100,000 processes stays within the limit', () => {
  const table = new ProcessTable(1000)
  for (let i = 0; i < 100_000; i++) {
    table.fork(`${i}`, i, `${i - 1}`, 0)
    if (i % 9 > 0) table.exit(`${i - 1}`)
  }
  expect(table.size).toBeLessThan(4100)
  expect(table.get('99999')).toBeDefined()
})

test('who feeds a process by a pipe is known whoever begins first, also of those that it makes', () => {
  const table = new ProcessTable()
  const start = (execId: string, ends: [number, number]): void => {
    table.exec(execId, 1, null, 0, `/bin/${execId}`)
    table.describe(execId, { argv: [], cwd: '/', since: 0, made: 0, ...piped(ends) })
  }
  const feeders = (execId: string): string[] => [...(table.get(execId)?.feeders ?? [])]
  start('curl', [7, 0])
  expect(feeders('curl')).toEqual([])
  start('env', [0, 7])
  start('grep', [0, 8])
  table.fork('child', 2, 'curl', 0)
  expect(feeders('curl')).toEqual(['env'])
  expect(feeders('child')).toEqual(['env'])
  const readers = (execId: string): string[] => [...(table.get(execId)?.readers ?? [])]
  expect([readers('env'), readers('grep'), readers('curl')]).toEqual([['curl'], [], []])
  start('head', [8, 0])
  expect(readers('grep')).toEqual(['head'])
  start('child', [0, 0])
  expect(feeders('child')).toEqual([])
})

test('a pipe that a whole build writes to keeps its last thousand writers', () => {
  const table = new ProcessTable()
  for (let i = 0; i < 5_000; i++) {
    table.exec(`${i}`, i, null, 0, '/bin/cc')
    table.describe(`${i}`, { argv: [], cwd: '/', since: 0, made: 0, ...piped([0, 9]) })
  }
  table.exec('tee', 1, null, 0, '/bin/tee')
  table.describe('tee', { argv: [], cwd: '/', since: 0, made: 0, ...piped([9, 0]) })
  expect(table.get('tee')?.feeders?.size).toBe(1024)
  expect(table.get('tee')?.feeders?.has('4999')).toBe(true)
})

test('a program that begins has its name before it has begun, not before its process was made', () => {
  const table = new ProcessTable()
  const began = (execId: string, made: number, since: number): void => {
    table.fork(execId, 1, 'make', 0)
    table.exec(execId, 1, null, 0, `/usr/bin/${execId}`)
    table.describe(execId, { argv: [], cwd: '/', since, made, ...closed })
  }
  began('make', 1_000, 1_000)
  began('cc1', 1_950, 2_010)
  const running = (at: number): string[] => table.runningAt(at).map(({ execId }) => execId)
  expect(running(1_949)).toEqual(['make'])
  expect(running(1_960)).toEqual(['make', 'cc1'])
  began('late', 1_000, 2_500)
  expect(running(2_399)).not.toContain('late')
  expect(running(2_400)).toContain('late')
  table.exit('cc1', 2_450)
  expect(running(2_451)).not.toContain('cc1')
})

test('what an interpreter runs is known however long its arguments are, of its forks, too', () => {
  const table = new ProcessTable()
  const main = 'org.gradle.launcher.daemon.bootstrap.GradleDaemon'
  const options = Array.from(
    { length: 20 },
    (_, i) => `--add-opens=java.base/java.package${i}=ALL-UNNAMED`,
  )
  const started = { cwd: '/', since: 0, made: 0, ...closed }
  table.exec('java', 1, null, 0, '/usr/bin/java')
  table.describe('java', { ...started, argv: ['java', ...options, '-cp', 'x.jar', main, '9.0'] })
  table.fork('fork', 2, 'java', 0)
  expect(['java', 'fork'].map((execId) => table.get(execId)?.script)).toEqual([main, main])
  table.describe('fork', { ...started, argv: ['java', '-version'] })
  expect(table.get('fork')?.script).toBeUndefined()
})

test('a program was there before the scope when its file has not been changed since, for its forks too', () => {
  const table = new ProcessTable(9, 1000)
  const started = { argv: [], cwd: '/', since: 0, made: 0, ...closed }
  const isOld = (changed: number | undefined) => {
    table.exec('a', 1, null, 0, '/bin/a')
    table.describe('a', { ...started, changed })
    return table.get('a')?.preexisting
  }
  expect([900, 995, 1100, undefined, 900].map(isOld)).toEqual([true, false, false, false, true])
  table.fork('b', 2, 'a', 0)
  expect(table.get('b')?.preexisting).toBe(true)
})
