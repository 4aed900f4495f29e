import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import type { Event } from '@runwarden/events'
import type { JobResult } from '@runwarden/lab/runner'
import { expect, test } from 'vitest'
import { prepareJob } from './job.ts'
import { type Ended, Place } from './runwarden.ts'

interface Watched extends Ended {
  job: JobResult
  events: Event[]
}

/** Runs a job in a scope, its processes those of GitHub's runner. */
async function watch(place: Place, steps: string, args: string[] = []): Promise<Watched> {
  const worker = prepareJob(place.path, steps, { actions: place.at('actions') })
  const ended = await place.run([
    '--step',
    'outside',
    '--workspace',
    worker.workspace,
    '--quiet',
    ...args,
    '--',
    ...worker.command,
  ])
  return { ...ended, job: worker.result(), events: place.events() }
}

/** A mark of its step in what an event is about: `m07m`. */
function markOf(event: Event): string | undefined {
  const about = 'argv' in event ? event.argv : 'path' in event ? [event.path] : []
  const text = [...about, 'name' in event ? event.name : ''].join(' ')
  return /\bm(\d\d)m\b/.exec(text)?.[1]
}

test('stages of an action, and steps within a composite one, are the step that uses it', async () => {
  using place = new Place()
  const action = (name: string, text: string): string => {
    mkdirSync(place.at('actions', 'acme', name, 'v1'), { recursive: true })
    writeFileSync(place.at('actions', 'acme', name, 'v1', 'action.yml'), text)
    return place.at('actions', 'acme', name, 'v1', 'run.js')
  }
  writeFileSync(
    action(
      'js',
      "name: js\ndescription: ''\nruns: { using: node24, pre: run.js, main: run.js, post: run.js }\n",
    ),
    "require('child_process').execFileSync('/bin/true', ['m01m'])",
  )
  action(
    'many',
    "name: many\ndescription: ''\nruns:\n  using: composite\n  steps:\n    - { run: /bin/true m02m, shell: bash }\n    - { id: own, run: /bin/true m02m, shell: sh }\n",
  )
  const { events } = await watch(
    place,
    '      - uses: acme/js@v1\n      - { id: all, uses: acme/many@v1 }\n      - run: /bin/true m03m\n',
  )
  const marked = events.filter(
    (event) => event.kind === 'process.exec' && markOf(event) !== undefined,
  )
  expect(marked.map((event) => `${markOf(event)} ${event.step}`)).toEqual([
    '01 __acme_js',
    '01 __acme_js',
    '02 all',
    '02 all',
    '03 __run',
    '01 __acme_js',
  ])
  expect(place.report().steps).toContainEqual({
    id: '__acme_js',
    name: 'acme/js@v1',
    stages: ['pre', 'main', 'post'],
  })
}, 600_000)

test('a command that starts a Runner.Worker has one step all the same, and is told of it', async () => {
  using place = new Place()
  const worker = place.at('Runner.Worker')
  copyFileSync('/bin/dash', worker)
  const start = `${worker} -c 'GITHUB_ACTION=forged /bin/true; :'; :`
  const { status, stderr } = await place.run(['--step', 'mine', '--quiet', '--', 'sh', '-c', start])
  expect(status).toBe(0)
  expect(stderr).toContain('calls itself Runner.Worker, and is not taken for the runner')
  expect(new Set(place.events().map(({ step }) => step))).toEqual(new Set(['mine']))
  expect(place.report().steps).toEqual([{ id: 'mine', name: 'mine' }])
}, 600_000)

test('the worker may be a program that the command starts, when it is named', async () => {
  using place = new Place()
  const worker = place.at('Runner.Worker')
  copyFileSync('/bin/dash', worker)
  const start = `${worker} -c 'GITHUB_ACTION=named /bin/true m01m; :'; :`
  const run = ['--step', 'mine', '--quiet', '--worker', worker, '--', 'sh', '-c', start]
  expect((await place.run(run)).status).toBe(0)
  const marked = place.eventsOf('process.exec').filter(({ argv }) => argv[1] === 'm01m')
  expect(marked.map(({ step }) => step)).toEqual(['named'])
  const wrong = await place.run(['--worker', '/bin/true', '--', 'true'])
  expect(wrong).toMatchObject({
    status: 125,
    stderr: expect.stringContaining('is no file called Runner.Worker'),
  })
}, 600_000)

test('what a step writes for the steps after it does not make it one of them', async () => {
  using place = new Place()
  const { events } = await watch(
    place,
    `      - id: evil
        run: |
          echo GITHUB_ACTION=good >> "$GITHUB_ENV"
          for i in $(seq 12); do echo "FILL$i=$(head -c 100000 /dev/zero | tr '\\\\0' x)"; done >> "$GITHUB_ENV"
          GITHUB_ACTION=good /bin/true m01m
      - id: good
        run: /bin/true m02m
`,
  )
  const steps = events.filter((event) => markOf(event) !== undefined).map(({ step }) => step)
  expect(steps).toEqual(['evil', 'good'])
}, 600_000)

test('nothing of a step’s environment but what tells it apart is kept', async () => {
  using place = new Place()
  await watch(
    place,
    `      - run: /bin/true
        env: { GITHUB_TOKEN: hidden-token, RUNNER_PASSWORD: hidden-password, OTHER: hidden-other }
`,
  )
  const workflow = place.at('ci.yml')
  const kept = execFileSync('grep', ['-rl', 'hidden-', place.out, workflow], { encoding: 'utf8' })
  expect(kept.trim()).toBe(workflow)
}, 600_000)
