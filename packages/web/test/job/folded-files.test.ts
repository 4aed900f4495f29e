import { expect, test } from 'vitest'
import { folded } from '../../src/job/files/folded.ts'
import type { Rows } from '../../src/job/rows.ts'

type File = Rows['files']

const worker = { exe: '/runner/bin/Runner.Worker', step: null }
const file = (n: number, path: string, given: Partial<File> = {}): File => ({
  n,
  path,
  action: 'read',
  to: null,
  sensitive: 'process-environment',
  workspace: false,
  errno: 0,
  truth: 'kernel',
  count: 1,
  firstSeq: n,
  firstTime: null,
  lastTime: null,
  programs: [worker],
  ...given,
})
const shown = (files: readonly File[]): string[] =>
  folded(files).map(({ path, count, pids }) => `${path} ×${count} [${pids.join()}]`)

const by = (execId: string) => ({ programs: [{ ...worker, execId }] })

test('what one program read of many processes is one line, which tells them', () => {
  const files = [12, 7, 30].map((pid, index) => file(index + 1, `/proc/${pid}/environ`))
  expect(shown([...files, file(4, '/w/a')])).toEqual(['/proc/*/environ ×3 [7,12,30]', '/w/a ×1 []'])
})

test.each<[string, Partial<File>]>([
  ['another program', { programs: [{ exe: '/bin/cat', step: 'build' }] }],
  ['another step', { programs: [{ ...worker, step: 'build' }] }],
  ['another outcome', { errno: 13 }],
  ['another act', { action: 'write' }],
  ['another file', { path: '/proc/8/mem' }],
  ['no process', { path: '/proc/self/environ' }],
])('%s stays on a line of its own', (_, given) => {
  expect(folded([file(1, '/proc/7/environ'), file(2, '/proc/8/environ', given)])).toHaveLength(2)
})

test('processes that read are all told', () => {
  const [line] = folded([
    file(1, '/proc/7/environ', by('1-1-a')),
    file(2, '/proc/8/environ', by('2-1-a')),
  ])
  expect(line?.programs.map(({ execId }) => execId)).toEqual(['1-1-a', '2-1-a'])
})
