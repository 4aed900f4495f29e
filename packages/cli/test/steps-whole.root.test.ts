import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Event, EventOf } from '@runwarden/events'
import { type Lab, startLab } from '@runwarden/lab'
import { type ContainerEngine, image, startContainerEngine } from '@runwarden/lab/containers'
import { prepareWorkflow } from '@runwarden/lab/runner'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Place, runwarden } from './runwarden.ts'

let lab: Lab
let engine: ContainerEngine
beforeAll(async () => {
  // An address for each mark: it is what a connection is told by.
  const numbers = [...Array.from({ length: 30 }, (_, index) => index), 90, 91, 92]
  const addresses = numbers.map((number) => `198.51.100.${100 + number}`)
  lab = await startLab({
    servers: [{ addresses, ports: { https: 443 }, certificateFor: ['*.example.com'] }],
    records: Object.fromEntries(
      numbers.map((number, index) => [
        `m${String(number).padStart(2, '0')}m.example.com`,
        [addresses[index] ?? ''],
      ]),
    ),
  })
  engine = await startContainerEngine(lab)
}, 600_000)
afterAll(async () => {
  await engine[Symbol.asyncDispose]()
  await lab[Symbol.asyncDispose]()
})

/** Act kinds that carry a mark. */
const kinds = new Set([
  'process.exec',
  'file.create',
  'file.write',
  'file.rename',
  'file.delete',
  'dns.query',
  'net.connect',
  'net.flow',
  'http.request',
  'http.opaque',
])

/** Runs a program, makes, changes, renames and deletes a file, asks for a name, connects and makes a request, with a mark in each. */
function acts(mark: string, what: string, curl = 'curl'): string {
  const file = `${mark}-${what}`
  return `/bin/true ${mark} ${what}; touch ${file}; echo >> ${file}; mv ${file} ${file}-moved; rm ${file}-moved; ${curl} -s -m 100 -o /dev/null https://${mark}.example.com/${mark}/${what}`
}

/**
 * In a container: while the network's resolver reads that there is one more, nobody answers. podman does not wait for that, and
 * the name is then unknown at once.
 */
const insistent = 'curl --retry 30 --retry-delay 1 --retry-all-errors'

/** The mark of an event, and what of its step it is about: `m07m`, `post`. */
function markOf(event: Event): { mark: string; what: string } | undefined {
  const about =
    event.kind === 'process.exec'
      ? event.argv.join(' ')
      : event.kind === 'http.request'
        ? event.path
        : event.kind.startsWith('file.') && 'path' in event
          ? event.path
          : event.kind === 'dns.query'
            ? event.name
            : isNamed(event)
              ? (event.host ?? '')
              : ''
  const named = event.kind === 'dns.query' || isNamed(event)
  const [, mark = '', what = ''] =
    (named ? /\bm(\d\d)m\b()/ : /\bm(\d\d)m[-/ ](\w+)/).exec(about) ?? []
  return mark === '' ? undefined : { mark, what }
}

/** It has its mark in the name of its host alone. */
function isNamed(event: Event): event is EventOf<'net.connect' | 'net.flow' | 'http.opaque'> {
  return ['net.connect', 'net.flow', 'http.opaque'].includes(event.kind)
}

const placeOf = ({ step, phase }: Event): string => `${step} ${phase}`

const short = 220

/** A step's own: many processes, one that stays behind it, a daemon, one that says that it is another step. */
function script(mark: string): string {
  return `|
          go_on() { while [ ! -e over-${mark} ]; do /bin/sleep 0.3; done; ${acts(mark, 'late')}; touch "$1-done"; }
          go_on ${mark}a > /dev/null 2>&1 &
          ( setsid sh -c 'exec > /dev/null 2>&1; while [ ! -e over-${mark} ]; do sleep 0.3; done; ${acts(mark, 'own')}; touch ${mark}b-done' & ) &
          (while :; do sleep 5; done) > /dev/null 2>&1 &
          for i in $(seq ${short}); do /bin/true ${mark} $i; done
          GITHUB_ACTION=s00s GITHUB_RUN_ID=1 sh -c '${acts(mark, 'forged')}'
          ${acts(mark, 'main')}
`
}

test('all that a job does is told under the step that did it, whatever kind of step it is', async () => {
  using place = new Place()
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(place.at(path)), { recursive: true })
    writeFileSync(place.at(path), text, { mode: 0o755 })
  }
  const action = (name: string, runs: string): void =>
    put(
      `actions/acme/${name}/v1/action.yml`,
      `name: ${name}\ndescription: ''\ninputs: { mark: { default: '' } }\nruns:\n${runs}`,
    )
  const stage = (what: string): string =>
    `require('child_process').execFileSync('sh', ['-c', ${JSON.stringify(acts('MARK', what))}.replaceAll('MARK', process.env.INPUT_MARK)])`
  for (const what of ['pre', 'main', 'post']) put(`actions/acme/js/v1/${what}.js`, stage(what))
  action('js', '  using: node24\n  pre: pre.js\n  main: main.js\n  post: post.js\n')
  // One file for main and post, which its state tells apart: as actions/checkout does it.
  put(
    'actions/acme/one/v1/dist/index.js',
    `const post = process.env.STATE_isPost; require('fs').appendFileSync(process.env.GITHUB_STATE, 'isPost=true\\n'); if (post) { ${stage('post')} } else { ${stage('main')} }`,
  )
  action('one', "  using: 'node24'\n  main: dist/index.js\n  post: dist/index.js\n")
  action(
    'many',
    `  using: composite
  steps:
    - { uses: acme/js@v1, with: { mark: "\${{ inputs.mark }}" } }
    - { run: "${acts('MARK', 'main').replace('MARK', '$M').replaceAll('MARK', '$M')}", shell: bash, env: { M: "\${{ inputs.mark }}" } }
`,
  )
  action(
    'docker',
    `  using: docker
  image: Dockerfile
  pre-entrypoint: /pre.sh
  post-entrypoint: /post.sh
  args: ["\${{ inputs.mark }}"]
`,
  )
  put('actions/acme/docker/v1/Dockerfile', `FROM ${image}\nCOPY *.sh /\nENTRYPOINT ["/main.sh"]\n`)
  for (const what of ['pre', 'main', 'post'])
    put(
      `actions/acme/docker/v1/${what}.sh`,
      `#!/bin/sh\nset -- "$INPUT_MARK"\n${acts('$1', what, insistent)}\n`,
    )
  const uses = ['js', 'js', 'one', 'one', 'many', 'many', 'docker', 'docker']
  const marks = Array.from({ length: 30 }, (_, index) => `m${String(index).padStart(2, '0')}m`)
  const steps = marks.map((mark, index) => {
    const name = uses[index - 3]
    const id = mark.replaceAll('m', 's')
    return name === undefined
      ? `      - id: ${id}\n        run: ${script(mark)}`
      : `      - { id: ${id}, uses: acme/${name}@v1, with: { mark: ${mark} } }\n`
  })
  put(
    'service/run.sh',
    `#!/bin/sh\n${acts('m90m', 'main', insistent)}\ntouch /ready /shared/served\nexec httpd -f -p 8080 -h /shared\n`,
  )
  put('service/Dockerfile', `FROM ${image}\nCOPY run.sh /\nCMD ["/run.sh"]\n`)
  const built = await lab.runner.exec(
    'podman',
    ['build', '-t', 'localhost/service:1', place.at('service')],
    { env: engine.env, timeout: 500_000 },
  )
  expect(built.status, built.stderr).toBe(0)
  put('hook.sh', `${acts('m91m', 'main')}\n`)
  put('end.sh', `${acts('m92m', 'main')}\n`)
  put(
    'ci.yml',
    `on: push
jobs:
  build:
    runs-on: ubuntu-latest
    services:
      web:
        image: localhost/service:1
        options: --health-cmd "test -e /ready" --health-interval 1s
        ports: ['8080']
        volumes: ['${place.at('shared')}:/shared']
    steps:
${steps.join('')}      - id: last
        run: |
          curl -sSf -m 100 "http://127.0.0.1:\${{ job.services.web.ports['8080'] }}/served"
          podman exec "\${{ job.services.web.id }}" /bin/true m93m exec
          for m in ${marks.filter((_, index) => uses[index - 3] === undefined).join(' ')}; do
            touch "over-$m"; while [ ! -e "\${m}a-done" ] || [ ! -e "\${m}b-done" ]; do sleep 0.1; done
          done
`,
  )
  for (const name of ['work', 'shared']) mkdirSync(place.at(name))
  const { command, result } = prepareWorkflow(place.at('ci.yml'), {
    folder: place.at('runner'),
    workspace: place.at('work'),
    actions: place.at('actions'),
    engine: ['podman'],
  })
  const env = {
    ...engine.env,
    ACTIONS_RUNNER_HOOK_JOB_STARTED: place.at('hook.sh'),
    ACTIONS_RUNNER_HOOK_JOB_COMPLETED: place.at('end.sh'),
  }
  const { status, stdout, stderr } = await lab.runner.exec(
    runwarden,
    ['run', '--step', 'outside', '--egress', 'audit', '--quiet', '--workspace', place.at('work')]
      .concat('--out', place.out, '--')
      .concat(command),
    { cwd: place.at('work'), env, timeout: 500_000 },
  )
  expect(status, stdout + stderr).toBe(0)
  expect(result().steps.filter(({ outcome }) => outcome !== 'success')).toEqual([])

  const own: Record<string, string> = {
    90: 'Initialize containers',
    91: 'Set up runner',
    92: 'Complete runner',
    93: 'last',
  }
  const events = place.events().filter(({ kind }) => kinds.has(kind))
  // Containers of the job's network ask its resolver, which is started with it: it is that one that asks further.
  const containers = new Set(marks.filter((_, index) => uses[index - 3] === 'docker'))
  const seen = new Map<string, Set<string>>()
  /** Where TLS was told whose content was not read. */
  const opaque = new Set<string>()
  const wrong = events.flatMap((event) => {
    const { mark, what } = markOf(event) ?? {}
    if (mark === undefined || what === undefined) return []
    const key = `${mark} ${what}`
    seen.set(key, (seen.get(key) ?? new Set()).add(event.kind))
    if (event.kind === 'http.opaque') opaque.add(`${mark} ${event.phase ?? 'main'}`)
    // Names have no room for what it is about.
    const phase = what === '' ? event.phase : what === 'pre' || what === 'post' ? what : undefined
    const forwarded =
      event.kind === 'dns.query' && event.server === '192.0.2.53' && containers.has(`m${mark}m`)
    const step = forwarded ? 'Initialize containers' : (own[mark] ?? `s${mark}s`)
    return event.step === step && event.phase === phase ? [] : [event]
  })
  expect(wrong.map((event) => [markOf(event), event])).toEqual([])
  // Nothing is missing, of any kind.
  const files = ['file.create', 'file.write', 'file.rename', 'file.delete']
  const whole = ['process.exec', ...files, 'http.request']
  const expected = [...marks, 'm90m', 'm91m', 'm92m'].flatMap((mark, index) => {
    const name = uses[index - 3]
    const stages = ['main']
    if (index < marks.length && name === undefined) stages.push('late', 'own', 'forged')
    if (name !== undefined && name !== 'one') stages.push('pre')
    if (name !== undefined) stages.push('post')
    return stages.map((what) => `${mark.slice(1, 3)} ${what}`)
  })
  // A TLS library that came with a container is read from when the agent has looked at it, which a short process does not wait for
  // on a busy machine. What was not read is told, and of the same step and stage.
  const maybeUnread = (key: string): boolean =>
    [...containers, 'm90m'].some((mark) => key.startsWith(mark.slice(1, 3))) && opaque.has(key)
  const missing = expected.flatMap((key) =>
    whole
      // A service has nothing of the workspace.
      .filter((kind) => key !== '90 main' || !files.includes(kind))
      .filter((kind) => !seen.get(key)?.has(kind))
      .filter((kind) => kind !== 'http.request' || !maybeUnread(key))
      .map((kind) => `${key}: ${kind}`),
  )
  expect(missing).toEqual([])
  expect(seen.get('93 exec')).toContain('process.exec')
  for (const kind of ['dns.query', 'net.connect', 'net.flow'])
    for (const mark of marks)
      expect(seen.get(`${mark.slice(1, 3)} `), `${kind} of ${mark}`).toContain(kind)

  // What comes of it later is told where it began.
  const places = new Map<string | number, string>()
  for (const event of place.events()) {
    if (event.kind === 'process.exec' && event.execId !== null)
      places.set(event.execId, placeOf(event))
    if (event.kind === 'http.request') places.set(event.seq, placeOf(event))
  }
  const later = (kind: 'process.exit' | 'http.response', of: (event: Event) => string | number) => {
    const told = place.eventsOf(kind).filter((event) => places.has(of(event)))
    expect(told.filter((event) => places.get(of(event)) !== placeOf(event))).toEqual([])
    return told.length
  }
  const requests = events.filter(({ kind }) => kind === 'http.request').length
  expect(later('process.exit', ({ execId }) => execId ?? '')).toBeGreaterThan(5000)
  expect(later('http.response', (event) => ('request' in event ? event.request : 0))).toBe(requests)

  const execs = place.eventsOf('process.exec')
  const begun = place.eventsOf('step.start')
  const ran = result().steps.filter(({ name }) => !name.endsWith(' runner'))
  expect(begun.map(({ pid, step }) => [pid, step])).toEqual(
    ran.map(({ pid, action }) => [pid, action]),
  )
  // Not by pid: numbers come again.
  for (const { execId, step } of begun)
    expect(execs.find((event) => event.execId === execId)?.step).toBe(step)
  const removals = execs.filter(({ argv }) => argv[0] === 'podman' && argv[1] === 'rm')
  expect(removals.map(({ step }) => step)).toContain('Stop containers')
  expect(new Set(place.events().map(({ execId }) => execId)).size).toBeGreaterThan(5000)
  const report = place.report()
  expect(report.health.eventsLost).toEqual({})
  expect(report.steps).toContainEqual({
    id: 's03s',
    name: 'acme/js@v1',
    stages: ['pre', 'main', 'post'],
  })
}, 600_000)
