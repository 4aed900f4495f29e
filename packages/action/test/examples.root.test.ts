import { mkdirSync, readdirSync, readFileSync, writeFileSync, existsSync } from 'node:fs'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { type ContainerEngine, image, startContainerEngine } from '@runwarden/lab/containers'
import type { RanJob } from '@runwarden/lab/runner'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { parse } from 'yaml'
import { until } from '../../cli/test/runwarden.ts'
import { ActionRig, type Ended } from './action-rig.ts'

// Each test is a job or more, with an agent that is started and ended.
vi.setConfig({ testTimeout: 600_000 })

const folder = join(import.meta.dirname, '../../../examples/workflows')
const file = (name: string): string => join(folder, `${name}.yml`)
const one = 'one.example.com 80 tcp'
const two = 'two.example.com 80 tcp'

let rig: ActionRig
beforeAll(async () => {
  rig = await ActionRig.start()
}, 600_000)
afterAll(() => rig[Symbol.asyncDispose]())
afterEach(() => rig.lab.internet.clear())

/** Each job with how it ended, and the errors of the action in it. */
const told = (jobs: RanJob[]): Record<string, string[]> =>
  Object.fromEntries(jobs.map((job) => [job.name, [job.status, ...errors(job)]]))
const errors = ({ annotations }: Pick<Ended, 'annotations'>): string[] =>
  annotations
    .filter(({ level, action }) => level === 'error' && action.includes('runwarden'))
    .map(({ stage, message }) => `${stage}: ${message}`)

/** A workflow, what becomes of its jobs, and what its requests reach. */
const table: [name: string, jobs: Record<string, unknown[]>, reached: string[]][] = [
  ['block', { build: ['success'] }, [one]],
  ['audit', { build: ['success'] }, [one, two]],
  [
    'fail-on',
    {
      blocked: ['failure', expect.stringMatching(/fail-on: blocked/)],
      detection: [
        'failure',
        expect.stringMatching(/memory of the runner/),
        expect.stringMatching(/fail-on: detection/),
      ],
    },
    [],
  ],
  [
    'control-plane',
    {
      named: ['failure', expect.stringMatching(/^pre: .*control plane/s)],
      stored: ['success'],
    },
    [one],
  ],
  [
    'fail-mode',
    { closed: ['failure', expect.stringMatching(/^pre: .*99999/s)], open: ['success'] },
    [one],
  ],
  ['self-hosted', { shared: ['success'] }, [one]],
  [
    'matrix',
    { 'test (one)': ['success'], 'test (two)': ['success'], 'test (none)': ['success'] },
    [one, two],
  ],
  ['composite', { build: ['success'] }, [one]],
  ['reusable', { fetch: ['success'] }, [one]],
  ['failing', { build: ['failure'] }, []],
  ['presets', { build: ['success'] }, []],
  // Steps of this lab are root's, from whom nothing can be taken: never a job that only looks hardened.
  [
    'hardening',
    {
      'without-sudo': ['failure', expect.stringMatching(/^pre: .*is root/)],
      'without-containers': ['failure', expect.stringMatching(/^pre: .*is root/)],
    },
    [],
  ],
  [
    'lockdown',
    {
      build: [
        'failure',
        expect.stringMatching(/memory of the runner/),
        expect.stringMatching(/the job was ended/),
      ],
    },
    [],
  ],
]

const services = {
  ACTIONS_ID_TOKEN_REQUEST_URL: 'https://identity.example.com/token?api-version=2.0',
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'identity-token',
}

test.for(table)('%s', async ([name, ends, reached]) => {
  const jobs = await rig.runFile(file(name), { secrets: { RUNWARDEN_API_KEY: 'key' }, services })
  expect(told(jobs), jobs.map(({ log }) => log).join('\n')).toEqual(ends)
  expect((await rig.reached()).toSorted()).toEqual(reached)
})

/** GitHub's API, as far as files of a repository are read by it. */
const api = `
const { readFileSync } = require('fs')
require('http').createServer((request, response) => {
  const path = request.url.split('?')[0].replace('/repos/acme/app/contents/', '')
  try {
    const text = readFileSync(process.argv[1] + '/' + path)
    response.writeHead(200, { 'content-type': 'application/vnd.github.raw+json' }).end(text)
  } catch {
    response.writeHead(404, { 'content-type': 'application/json' }).end('{}')
  }
}).listen(8099, '127.0.0.1', () => console.log('ready'))
`

/** A job of a workflow, of a repository with these files. */
async function inRepository(name: string, files: Readonly<Record<string, string>>): Promise<Ended> {
  await using runner = rig.runner(name)
  const repository = rig.place.at(`${name}-repository`)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(repository, path)), { recursive: true })
    writeFileSync(join(repository, path), text)
  }
  const server = rig.lab.runner.spawn(process.execPath, ['-e', api, repository])
  try {
    if (server.stdout !== null) await once(server.stdout, 'data')
    const urls = { server: 'http://127.0.0.1:8099', api: 'http://127.0.0.1:8099' }
    const job = runner.run(file(name), { urls, actions: rig.place.at('actions') })
    return await job.ended
  } finally {
    server.kill('SIGKILL')
    await once(server, 'exit')
  }
}

test('policy-file', async () => {
  const job = await inRepository('policy-file', {
    '.github/runwarden/policy.yml': 'version: 1\negress: block\nallow: [one.example.com:80]\n',
    '.github/runwarden/block-list.json':
      '{ "domains": [{ "value": "two.example.com", "reason": "was taken over" }] }',
    '.github/runwarden/rules.yml': 'version: 1\nrules: []\n',
  })
  expect(job.status, job.log).toBe('success')
  expect(await rig.reached()).toEqual([one])
  expect(job.summary).toContain('was taken over')
})

test('per-step', async () => {
  const job = await inRepository('per-step', {
    '.github/runwarden/per-step.yml':
      "version: 1\negress: block\nallow:\n  - { endpoint: one.example.com:80, steps: [fetch], exe: ['**/curl'] }\n",
  })
  expect(job.status, job.log).toBe('success')
  expect(await rig.reached()).toEqual([one])
})

test('cancelled', async () => {
  await using runner = rig.runner('cancelled')
  const job = runner.run(file('cancelled'), { actions: rig.place.at('actions') })
  await until(() => existsSync(join(job.workspace, 'begun')))
  job.cancel()
  const result = await job.ended
  expect(result.status).toBe('cancelled')
  expect(result.summary).toContain('two.example.com')
  expect(await rig.reached()).toEqual([])
})

test('container-action', async () => {
  let engine: ContainerEngine | undefined
  try {
    engine = await startContainerEngine(rig.lab)
    await rig.lab.runner.exec('podman', ['tag', image, 'localhost/tools:1'], { env: engine.env })
    // Where the scope is the whole machine, an engine's containers are in it wherever they are; here it is the job's cgroup.
    const podman = rig.place.at('podman')
    writeFileSync(
      podman,
      '#!/bin/sh\n[ "$1" = run ] || exec podman "$@"\nshift\nexec podman run --cgroup-parent "$(sed -n s/^0:://p /proc/self/cgroup)/containers" "$@"\n',
      { mode: 0o755 },
    )
    await using runner = rig.runner('container', { env: engine.env })
    const workspace = rig.place.at('container/_work/app/app')
    mkdirSync(workspace, { recursive: true })
    writeFileSync(
      join(workspace, 'fetch.sh'),
      'for server in one two; do curl -sS -m 100 "http://$server.example.com/" || true; done\n',
    )
    const options = { workspace, actions: rig.place.at('actions'), engine: [podman] as const }
    const job = await runner.run(file('container-action'), options).ended
    expect(job.status, job.log).toBe('success')
    expect(await rig.reached()).toEqual([one])
  } finally {
    await engine?.[Symbol.asyncDispose]()
  }
})

test('together they show each input, and say in their first line what they are for', () => {
  const { inputs } = parse(readFileSync(join(folder, '../../action.yml'), 'utf8')) as {
    inputs: Record<string, unknown>
  }
  const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))
  for (const text of texts) expect(text).toMatch(/^# \S.*\n/)
  const shown = new Set(texts.flatMap(shownIn))
  expect(Object.keys(inputs).filter((name) => !shown.has(name))).toEqual([])
})

interface Step {
  uses?: string
  with?: Record<string, unknown>
}

/** The inputs that a workflow gives the action. */
function shownIn(text: string): string[] {
  const { jobs } = parse(text) as { jobs: Record<string, { steps?: Step[] }> }
  const steps = Object.values(jobs).flatMap((job) => job.steps ?? [])
  const ours = steps.filter(({ uses }) => uses?.startsWith('runwarden/runwarden@'))
  return ours.flatMap((step) => Object.keys(step.with ?? {}))
}
