import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Event } from '@runwarden/events'
import { type Lab, startLab } from '@runwarden/lab'
import { runJobs } from '@runwarden/lab/runner'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Place, runwarden } from './runwarden.ts'

let lab: Lab
beforeAll(async () => {
  lab = await startLab({
    servers: [{ name: 'one.example.com', addresses: ['198.51.100.80'], ports: { https: 443 } }],
  })
})
afterAll(async () => {
  await lab[Symbol.asyncDispose]()
})

/** A program, a file and a request, with a mark in each. */
const marked = (mark: string): string =>
  `/bin/true ${mark}; touch ${mark}; curl -s -m 100 -o /dev/null https://one.example.com/${mark}`

/** The same, and from the background. */
const acts = (mark: string): string =>
  `(sleep 0.3; ${marked(`${mark}-behind`)}) & ${marked(mark)}; wait`

/** What is told of it. */
const under = (mark: string, step: string): string[] =>
  ['file.create', 'http.request', 'process.exec'].flatMap((kind) =>
    [mark, `${mark}-behind`].map((one) => `${kind} ${one}: ${step}`),
  )

function markOf(event: Event): string | undefined {
  const about =
    event.kind === 'process.exec'
      ? event.argv.join(' ')
      : event.kind === 'file.create' || event.kind === 'http.request'
        ? event.path
        : ''
  return /\bmark-[\w-]+/.exec(about)?.[0]
}

test('jobs of reusable workflows, called from others: told under their own steps, workflow and job', async () => {
  using place = new Place()
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(place.at(path)), { recursive: true })
    writeFileSync(place.at(path), text)
  }
  put(
    '.github/workflows/ci.yml',
    `name: CI
on: push
jobs:
  own:
    runs-on: ubuntu-latest
    steps:
      - { id: first, run: '${acts('mark-own')}' }
  call:
    needs: own
    uses: ./.github/workflows/x.yml
    with: { word: hello }
    secrets: inherit
`,
  )
  put(
    '.github/workflows/x.yml',
    `name: Called
on:
  workflow_call:
    inputs: { word: { type: string } }
jobs:
  build:
    runs-on: ubuntu-latest
    strategy: { max-parallel: 1, matrix: { leg: [a, b] } }
    steps:
      - { id: first, run: '${acts('mark-${{ inputs.word }}-${{ matrix.leg }}')}' }
      - { id: second, run: 'GITHUB_ACTION=first GITHUB_WORKFLOW=other sh -c "${acts('mark-second-${{ matrix.leg }}')}"' }
  deep:
    needs: build
    uses: ./.github/workflows/inner.yml
`,
  )
  put(
    '.github/workflows/inner.yml',
    `on: workflow_call
jobs:
  last:
    runs-on: ubuntu-latest
    steps:
      - { id: first, run: '${acts('mark-inner')}' }
`,
  )
  const outs: string[] = []
  const inLab = ['/usr/bin/nsenter', `--net=/proc/${lab.runner.pid}/ns/net`]
    .concat(`--mount=/proc/${lab.runner.pid}/ns/mnt`, '--', 'env', '-i')
    .concat(Object.entries(lab.runner.env).map(([name, value]) => `${name}=${value}`))
  const [enter = '', ...into] = inLab
  const jobs = await runJobs(place.at('.github/workflows/ci.yml'), {
    folder: place.at('runners'),
    secrets: { TOKEN: 'a-secret-of-the-caller' },
    wrap: ({ command, workspace }, id) => {
      const out = place.at('out', `${outs.length} ${id.replaceAll('/', ' ')}`)
      outs.push(out)
      const run = [runwarden, 'run', '--quiet', '--step', 'outside', '--out', out]
      return [enter, ...into, ...run, '--workspace', workspace, '--', ...command]
    },
  })
  expect(jobs.map(({ id, status }) => `${id} ${status}`)).toEqual([
    'own success',
    'call/build success',
    'call/build success',
    'call/deep/last success',
  ])
  const told = outs.map((out) => {
    const events = place.events(out)
    const starts = events.filter((event) => event.kind === 'step.start')
    const lines = events.flatMap((event) => {
      const mark = markOf(event)
      // The shell's own command line has the marks of all that it runs.
      if (mark === undefined || (event.kind === 'process.exec' && event.exe.endsWith('sh')))
        return []
      return [`${event.kind} ${mark}: ${event.step}`]
    })
    return {
      begun: [...new Set(starts.map(({ workflow, job, step }) => `${workflow} ${job} ${step}`))],
      lines: [...new Set(lines)].toSorted(),
    }
  })
  expect(told.map(({ begun }) => begun)).toEqual([
    ['CI own first'],
    // GitHub says the caller's name, in called workflows, too.
    ['CI build first', 'CI build second'],
    ['CI build first', 'CI build second'],
    ['CI last first'],
  ])
  expect(told.map(({ lines }) => lines)).toEqual(
    [
      under('mark-own', 'first'),
      [...under('mark-hello-a', 'first'), ...under('mark-second-a', 'second')],
      [...under('mark-hello-b', 'first'), ...under('mark-second-b', 'second')],
      under('mark-inner', 'first'),
    ].map((one) => one.toSorted()),
  )
  for (const out of outs)
    expect(readFileSync(join(out, 'events.ndjson'), 'utf8')).not.toContain('a-secret-of-the-caller')
}, 600_000)
