import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { parsePairs } from '../../lab/src/runner/file-commands.ts'
import { hostile } from '../../report/test/hostile.ts'
import { appendSummary, OutputError, readState, saveState, setOutput } from '../src/outputs.ts'

vi.mock('node:crypto', async (load) => {
  const real = await load<typeof import('node:crypto')>()
  return { ...real, randomUUID: vi.fn(real.randomUUID) }
})

let folder: string
let env: Record<string, string>
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runwarden-outputs-'))
  env = {}
  for (const name of ['GITHUB_OUTPUT', 'GITHUB_STATE', 'GITHUB_STEP_SUMMARY'])
    writeFileSync((env[name] = join(folder, name)), '')
})
afterEach(() => rmSync(folder, { recursive: true }))

const text = (name: string): string => readFileSync(join(folder, name), 'utf8')

test('the runner reads back whatever a value holds', () => {
  const values = [
    ...hostile.filter((value) => !value.includes('\r')).map((value) => value.toWellFormed()),
    'a\nb\n',
    'x=y',
    'x<<EOF\ny\nEOF',
    '\n',
    'runwarden_\nrunwarden_',
  ]
  for (const [index, value] of values.entries()) {
    setOutput(`value-${index}`, value, env)
    saveState(`value_${index}`, value, env)
  }
  const outputs = parsePairs(text('GITHUB_OUTPUT'), 'GITHUB_OUTPUT')
  const state = parsePairs(text('GITHUB_STATE'), 'GITHUB_STATE')
  for (const [index, value] of values.entries()) {
    expect(outputs[`value-${index}`]).toBe(value)
    expect(state[`value_${index}`]).toBe(value)
  }
  expect(Object.keys(outputs)).toHaveLength(values.length)
  expect(Object.keys(state)).toHaveLength(values.length)
})

test('what an earlier stage saved is read from the environment', () => {
  expect(readState('socket', { STATE_socket: '/run/x.sock' })).toBe('/run/x.sock')
  expect(readState('socket', {})).toBe('')
})

test('summaries are appended, each ending its line', () => {
  appendSummary('## One', env)
  appendSummary('## Two\n', env)
  expect(text('GITHUB_STEP_SUMMARY')).toBe('## One\n## Two\n')
})

test.each(['a b', 'a=b', 'a<<b', 'a\nb', '', '1a'])('%j is no name', (name) => {
  expect(() => setOutput(name, 'x', env)).toThrow(OutputError)
  expect(text('GITHUB_OUTPUT')).toBe('')
})

test('without the runner the error says whose file it is', () => {
  expect(() => setOutput('a', 'b', {})).toThrow(
    'GITHUB_OUTPUT is not set: this program is started by a GitHub Actions runner, as an action',
  )
  expect(() => saveState('a', 'b', { GITHUB_STATE: '' })).toThrow('GITHUB_STATE is not set')
  expect(() => appendSummary('a', {})).toThrow('GITHUB_STEP_SUMMARY is not set')
})

test('a file that is gone is not made anew, and one that is another thing is not written', () => {
  rmSync(join(folder, 'GITHUB_OUTPUT'))
  expect(() => setOutput('a', 'b', env)).toThrow(/file of GITHUB_OUTPUT cannot be written: ENOENT/)
  writeFileSync(join(folder, 'other'), '')
  symlinkSync(join(folder, 'other'), join(folder, 'GITHUB_OUTPUT'))
  expect(() => setOutput('a', 'b', env)).toThrow(/GITHUB_OUTPUT cannot be written: ELOOP/)
  expect(text('other')).toBe('')
  rmSync(join(folder, 'GITHUB_OUTPUT'))
  execFileSync('mkfifo', [join(folder, 'GITHUB_OUTPUT')])
  // A pipe that nobody reads would hold post for ever.
  expect(() => setOutput('a', 'b', env)).toThrow(/GITHUB_OUTPUT cannot be written: ENXIO/)
  expect(() => setOutput('a', 'b', { GITHUB_OUTPUT: '/dev/null' })).toThrow(/no regular file/)
})

test('a value that holds the delimiter is refused, not broken', () => {
  const drawn = '00000000-0000-4000-8000-000000000000'
  vi.mocked(randomUUID).mockReturnValueOnce(drawn)
  expect(() => setOutput('a', `x\nrunwarden_${drawn}\nPATH=/tmp`, env)).toThrow(OutputError)
  expect(text('GITHUB_OUTPUT')).toBe('')
})
