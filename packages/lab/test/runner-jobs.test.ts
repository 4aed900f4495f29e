import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type JobsOptions, type RanJob, runJobs } from '../src/runner/index.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runwarden-jobs-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const at = (...names: string[]): string => join(folder, ...names)

function put(path: string, text: string): void {
  mkdirSync(dirname(at(path)), { recursive: true })
  writeFileSync(at(path), text)
}

/** Runs a workflow with these jobs. */
async function run(jobs: string, options: Partial<JobsOptions> = {}): Promise<RanJob[]> {
  put('.github/workflows/ci.yml', `name: CI\non: push\njobs:\n${jobs}`)
  return await runJobs(at('.github/workflows/ci.yml'), { folder: at('runners'), ...options })
}

const ended = (jobs: RanJob[]): string[] => jobs.map(({ name, status }) => `${name}: ${status}`)
const said = (job: RanJob | undefined): string[] =>
  (job?.log ?? '').split('\n').filter((line) => !/^##\[|^$/.test(line))

test('a matrix is expanded as GitHub does, and each leg is a job', async () => {
  const jobs = await run(`  build:
    runs-on: ubuntu-latest
    strategy:
      max-parallel: 2
      matrix:
        os: [one, two]
        node: [18, 20]
        exclude: [{ os: two, node: 18 }]
        include: [{ os: one, node: 20, more: yes }, { os: three }, { color: red }]
    steps:
      - run: echo "\${{ matrix.os }} \${{ matrix.node }} \${{ matrix.more }} \${{ matrix.color }} of \${{ strategy.job-total }}"
`)
  expect(jobs.map((job) => said(job)[0] ?? '').toSorted()).toEqual([
    'one 18  red of 4',
    'one 20 yes red of 4',
    'three    of 4',
    'two 20  red of 4',
  ])
  expect(ended(jobs).toSorted()[0]).toBe('build (one, 18, red): success')
})

test('a failed leg cancels the others, unless it need not succeed; what must run when cancelled does', async () => {
  const legs = (more: string): string => `  build:
    runs-on: ubuntu-latest
${more}    strategy: { matrix: { leg: [bad, good] } }
    steps:
      - run: |
          if [ \${{ matrix.leg }} = bad ]; then while [ ! -e ${at('started')} ]; do sleep 0.1; done; exit 1; fi; touch ${at('started')}; exec sleep 60
        if: \${{ matrix.leg == 'bad' || github.event_name == 'push' }}
      - { run: echo never }
      - run: echo "after \${{ job.status }}"
        if: cancelled()
  last:
    needs: build
    runs-on: ubuntu-latest
    if: always()
    steps:
      - run: echo "\${{ needs.build.result }}"
`
  const jobs = await run(legs(''))
  expect(ended(jobs)).toEqual(['build (bad): failure', 'build (good): cancelled', 'last: success'])
  expect(said(jobs[1]).at(-1)).toBe('after cancelled')
  expect(said(jobs[2])).toEqual(['failure'])
  rmSync(at('started'))
  const going = await run(legs('    continue-on-error: true\n').replace('exec sleep 60', 'true'))
  expect(said(going.at(-1))).toEqual(['success'])
})

test('jobs run behind those that they need, with their outputs; after a failure they are skipped', async () => {
  const jobs = await run(`  last:
    needs: [first]
    runs-on: ubuntu-latest
    steps:
      - run: echo "\${{ needs.first.result }} \${{ fromJSON(needs.first.outputs.list)[1] }}"
  first:
    runs-on: ubuntu-latest
    outputs: { list: "\${{ steps.make.outputs.list }}" }
    steps: [{ id: make, run: 'echo "list=[1,2]" >> $GITHUB_OUTPUT' }]
  bad: { runs-on: ubuntu-latest, steps: [{ run: exit 1 }] }
  skipped: { needs: bad, runs-on: ubuntu-latest, steps: [{ run: echo }] }
  told: { needs: bad, if: 'failure()', runs-on: ubuntu-latest, steps: [{ run: echo }] }
`)
  expect(ended(jobs).toSorted()).toEqual([
    'bad: failure',
    'first: success',
    'last: success',
    'skipped: skipped',
    'told: success',
  ])
  expect(said(jobs.find(({ id }) => id === 'last'))).toEqual(['success 2'])
})

test('a called workflow has its inputs and secrets, and calls others', async () => {
  put(
    '.github/workflows/called.yml',
    `name: Called
on:
  workflow_call:
    inputs: { word: { type: string, required: true }, other: { type: string, default: usual } }
    outputs: { result: { value: "\${{ jobs.inner.outputs.result }}" } }
jobs:
  own:
    runs-on: ubuntu-latest
    steps:
      - run: echo "$GITHUB_WORKFLOW $GITHUB_JOB"
  inner: { uses: ./.github/workflows/inner.yml, with: { word: "\${{ inputs.word }}-\${{ inputs.other }}" }, secrets: inherit }
`,
  )
  put(
    '.github/workflows/inner.yml',
    `on:
  workflow_call:
    inputs: { word: { type: string } }
    outputs: { result: { value: "\${{ jobs.deep.outputs.result }}" } }
jobs:
  deep:
    runs-on: ubuntu-latest
    outputs: { result: "\${{ steps.s.outputs.result }}" }
    steps: [{ id: s, run: 'echo "result=\${{ inputs.word }} \${{ secrets.TOKEN != null }}" >> $GITHUB_OUTPUT' }]
`,
  )
  const jobs = await run(
    `  call: { uses: ./.github/workflows/called.yml, with: { word: hello }, secrets: inherit }
  last:
    needs: call
    runs-on: ubuntu-latest
    steps:
      - run: echo "\${{ needs.call.outputs.result }}"
`,
    { secrets: { TOKEN: 'a-secret' } },
  )
  expect(jobs.map(({ id }) => id).toSorted()).toEqual(['call/inner/deep', 'call/own', 'last'])
  expect(said(jobs.find(({ id }) => id === 'call/own'))).toEqual(['CI own'])
  expect(said(jobs.at(-1))).toEqual(['hello-usual true'])
})
