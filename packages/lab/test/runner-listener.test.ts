import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type JobResult, Runner, runJobs } from '../src/runner/index.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runwarden-listener-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const at = (...names: string[]): string => join(folder, ...names)

/** A workflow of one job with these steps. */
function workflow(name: string, steps: string): string {
  writeFileSync(
    at(name),
    `on: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n${steps}`,
  )
  return at(name)
}

const ran = ({ steps }: JobResult): string[] =>
  steps.map(({ action, stage, outcome }) => `${action} ${stage} ${outcome}`)

/** A script that says that it has begun, and then waits for what is to come, as long as its folder is there. */
const waits =
  'touch "$GITHUB_WORKSPACE/begun"; while [ -e "$GITHUB_WORKSPACE/begun" ]; do sleep 0.1; done'
const begun = async (workspace: string): Promise<void> => {
  await expect.poll(() => existsSync(join(workspace, 'begun')), { timeout: 50_000 }).toBe(true)
}

test('two jobs in a row are workers of one listener; they share the machine’s folders, but for the temporary one', async () => {
  const steps = `      - run: |
          tr '\\0' ' ' < "/proc/$PPID/comm"; worker=$(cut -d' ' -f4 "/proc/$PPID/stat")
          echo "listener $(cat "/proc/$worker/comm") $worker"
          ls "$RUNNER_TEMP"/left "$GITHUB_WORKSPACE"/left || true
          touch "$RUNNER_TEMP"/left "$GITHUB_WORKSPACE"/left
`
  await using runner = Runner.start({ folder: at('runner') })
  const first = await runner.run(workflow('ci.yml', steps), {}).ended
  const second = await runner.run(workflow('ci.yml', steps), {}).ended
  for (const job of [first, second])
    expect(job.log).toContain(`Runner.Worker\nlistener Runner.Listener ${runner.child.pid}\n`)
  expect(second.log).toContain(`${at('runner/_work/repo/repo/left')}\n`)
  expect(second.log).not.toContain(`${at('runner/_work/_temp/left')}\n`)
  expect(existsSync(at('runner/_work/_temp/left'))).toBe(false)
})

test('a cancelled job ends the step that runs by SIGINT; what must run all the same runs, and posts', async () => {
  mkdirSync(at('actions/acme/one/v1'), { recursive: true })
  writeFileSync(
    at('actions/acme/one/v1/action.yml'),
    "name: one\ndescription: ''\nruns: { using: node24, main: m.js, post: m.js }\n",
  )
  writeFileSync(at('actions/acme/one/v1/m.js'), '')
  const file = workflow(
    'ci.yml',
    `      - uses: acme/one@v1
      - run: trap 'echo interrupted; exit 0' INT; ${waits}
      - run: echo never
      - run: echo "cleaning \${{ job.status }}"; exit 1
        if: always()
`,
  )
  await using runner = Runner.start({ folder: at('runner') })
  const job = runner.run(file, { actions: at('actions') })
  await begun(job.workspace)
  job.cancel()
  const result = await job.ended
  expect(result.status).toBe('cancelled')
  expect(ran(result)).toEqual([
    '__acme_one main success',
    '__run main cancelled',
    '__run_2 main skipped',
    '__run_3 main failure',
    '__acme_one post success',
  ])
  expect(result.log).toMatch(/interrupted\n(?:.*\n)*cleaning cancelled\n/)
  expect(result.annotations.map(({ message }) => message)).toEqual([
    'The operation was canceled.',
    'Process completed with exit code 1.',
  ])
})

test('a step whose condition still holds is not ended by the cancellation of its job', async () => {
  const file = workflow(
    'ci.yml',
    `      - run: touch begun; while [ ! -e over ]; do sleep 0.1; done; echo went on
        if: always()
      - run: echo never
`,
  )
  await using runner = Runner.start({ folder: at('runner') })
  const job = runner.run(file, {})
  await begun(job.workspace)
  job.cancel()
  writeFileSync(join(job.workspace, 'over'), '')
  const result = await job.ended
  expect(result.log).toContain('went on\n')
  expect([result.status, ...ran(result)]).toEqual([
    'cancelled',
    '__run main success',
    '__run_2 main skipped',
  ])
})

test('a step that takes no notice is ended by SIGTERM, then by SIGKILL', async () => {
  const file = workflow(
    'ci.yml',
    `      - run: trap 'echo int' INT; trap 'echo term' TERM; ${waits}\n`,
  )
  await using runner = Runner.start({ folder: at('runner') })
  const job = runner.run(file, {})
  await begun(job.workspace)
  job.cancel()
  const result = await job.ended
  expect(result.log).toMatch(/int\nterm\n/)
  expect(result.steps.map(({ outcome, status }) => [outcome, status])).toEqual([
    ['cancelled', null],
  ])
})

test('the jobs of a workflow have a listener each', async () => {
  writeFileSync(
    at('ci.yml'),
    `on: push
jobs:
  build:
    strategy: { matrix: { n: [1, 2] } }
    runs-on: ubuntu-latest
    steps:
      - run: cat "/proc/$(cut -d' ' -f4 "/proc/$PPID/stat")/comm"; echo "n \${{ matrix.n }}"
`,
  )
  const jobs = await runJobs(at('ci.yml'), { folder: at('runners'), listener: {} })
  expect(jobs.map(({ log }) => /Runner.Listener\nn (\d)/.exec(log)?.[1]).toSorted()).toEqual([
    '1',
    '2',
  ])
})

test('a worker that is killed is told as such', async () => {
  await using runner = Runner.start({ folder: at('runner') })
  const job = runner.run(workflow('ci.yml', `      - run: ${waits}\n`), {})
  await begun(job.workspace)
  process.kill(await job.worker, 'SIGKILL')
  await expect(job.ended).rejects.toThrow('has not come to its end')
  expect(readFileSync(at('runner/job-1.log'), 'utf8')).toContain('##[group]Run')
})
