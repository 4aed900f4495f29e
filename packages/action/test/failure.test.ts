import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const source = (name: string): string => JSON.stringify(join(import.meta.dirname, '../src', name))

/** Runs a stage with this text, as a program of its own. */
function run(stage: string): { status: number | null; stdout: string; stderr: string } {
  const script = `
    import { runStage } from ${source('failure.ts')}
    import { Log } from ${source('log.ts')}
    await runStage(new Log(), async () => { ${stage} }, 'It failed')`
  const words = ['--no-warnings', '--input-type=module', '-e', script]
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' })
  return { status, stdout, stderr }
}

const forEver = 'await new Promise((done) => setTimeout(done, 100_000))'

test.each([
  ['throws', "throw new Error('::stop-commands::x')"],
  [
    'has an error in a callback',
    `setTimeout(() => { throw new Error('::stop-commands::x') }); ${forEver}`,
  ],
  [
    'lets a promise fail that nobody waits for',
    `void Promise.reject(new Error('::stop-commands::x')); ${forEver}`,
  ],
])('a stage that %s fails with one annotation, and is over', (_, stage) => {
  expect(run(stage)).toEqual({
    status: 1,
    stdout: '::error title=Runwarden::It failed: ::stop-commands::x.\n',
    stderr: '',
  })
})

test('a stage that comes to its end is over, whatever is under way', () => {
  expect(run('setTimeout(() => {}, 100_000)')).toEqual({ status: 0, stdout: '', stderr: '' })
})
