import { mkdirSync, writeFileSync } from 'node:fs'
import { image } from '@runwarden/lab/containers'
import { prepareWorkflow } from '@runwarden/lab/runner'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ContainerRig } from './container-rig.ts'
import { prepareJob } from './job.ts'
import { Place, runwarden } from './runwarden.ts'

let rig: ContainerRig
beforeAll(async () => {
  rig = await ContainerRig.start({})
}, 600_000)
afterAll(() => rig[Symbol.asyncDispose]())

/** Runs a program, makes a file and reaches out, with a mark of the place in each. */
function acts(mark: string): string {
  return `sh -c ": ${mark}"; touch ${mark}; curl -s -m 20 http://203.0.113.1:${20_000 + Number(mark.slice(1, 3))} || true`
}

test('what runs in the job’s container, and in a container of a step, is told under its step', async () => {
  using place = new Place()
  writeFileSync(
    place.at('ci.yml'),
    `on: push
jobs:
  build:
    runs-on: ubuntu-latest
    container: { image: '${image}', options: --network host }
    steps:
      - id: one
        run: |
          ${acts('m01m')}
          (while [ ! -e over ]; do sleep 0.2; done; ${acts('m02m')}; touch done) > /dev/null 2>&1 &
      - id: two
        run: '${acts('m03m').replaceAll("'", "''")}; GITHUB_ACTION=one sh -c ": m04m"'
      - id: three
        uses: docker://${image}
        with: { entrypoint: touch, args: m05m }
      - id: four
        run: touch over; while [ ! -e done ]; do sleep 0.2; done
`,
  )
  mkdirSync(place.at('work'))
  const worker = prepareWorkflow(place.at('ci.yml'), {
    folder: place.at('runner'),
    workspace: place.at('work'),
    engine: ['podman'],
  })
  const { status, stdout, stderr } = await rig.lab.runner.exec(
    runwarden,
    [
      'run',
      '--step',
      'outside',
      '--egress',
      'block',
      '--quiet',
      '--out',
      place.out,
      '--',
      ...worker.command,
    ],
    { cwd: place.at('work'), env: rig.engine.env, timeout: 500_000 },
  )
  expect(status, stdout + stderr).toBe(0)
  expect(worker.result().steps.map(({ outcome }) => outcome)).toEqual(Array(4).fill('success'))
  const told = place.events().flatMap((event) => {
    if (event.kind === 'net.connect' && event.address === '203.0.113.1')
      return [`${event.port - 20_000} connect ${event.step}`]
    const about =
      event.kind === 'process.exec'
        ? event.argv.slice(0, 3)
        : event.kind === 'file.create'
          ? [event.path]
          : []
    const mark = /\bm(\d\d)m$/.exec(about.at(-1) ?? '')?.[1]
    return mark === undefined
      ? []
      : [`${Number(mark)} ${event.kind.split('.')[1] ?? ''} ${event.step}`]
  })
  expect([...new Set(told)].toSorted()).toEqual([
    '1 connect one',
    '1 create one',
    '1 exec one',
    '2 connect one',
    '2 create one',
    '2 exec one',
    '3 connect two',
    '3 create two',
    '3 exec two',
    '4 exec two',
    '5 create three',
    '5 exec three',
  ])
}, 600_000)

test('a container that a step has a daemon make is told under that step, also while other steps have theirs made', async () => {
  using place = new Place()
  const podman = `podman --url unix://${place.at('podman.sock')}`
  const run = `${podman} run --rm --network host ${image}`
  const { command, workspace, result } = prepareJob(
    place.path,
    `      - id: ready
        run: |
          while [ ! -S ${place.at('podman.sock')} ]; do sleep 0.2; done
      - id: alone
        run: |
          ${run} sh -c ': m01m'; GITHUB_ACTION=ready ${podman} run --rm -e GITHUB_ACTION=ready ${image} sh -c ': m02m'
          ${podman} run -d --name kept --network host ${image} sh -c 'while [ ! -e /asked ]; do sleep 0.2; done; sh -c ": m05m"; touch /done; exec sleep 1000' > /dev/null
      - id: execs
        run: |
          ${podman} exec kept sh -c ': m06m; touch /asked; while [ ! -e /done ]; do sleep 0.2; done'; ${podman} exec -d kept sh -c ': m07m; touch /too'
          while ! ${podman} exec kept test -e /too; do sleep 0.2; done; ${podman} rm -f -t 0 kept > /dev/null
      - id: stays
        run: |
          ${run} sh -c ': m03m; while [ ! -e /over ]; do sleep 0.2; done' > /dev/null 2>&1 & sleep 4
      - id: beside
        run: |
          (${run} sh -c ': m08m; while [ ! -e /over ]; do sleep 0.2; done' > /dev/null 2>&1 &) ; sleep 4
          ${run} sh -c ': m04m'; ${podman} run -d --name other --network host ${image} sleep 1000 > /dev/null
          ${podman} create --name named ${image} sh -c ': m09m; sleep 1000' > /dev/null
      - id: into
        run: |
          ${podman} exec other sh -c ': m10m'; ${podman} exec -d other sh -c ': m11m; touch /too'
          while ! ${podman} exec other test -e /too; do sleep 0.2; done
          curl -sS --unix-socket ${place.at('podman.sock')} -X POST http://engine/v4.0.0/libpod/containers/named/start
          ${podman} restart -t 0 other > /dev/null; ${podman} rm -f -t 0 other named > /dev/null
`,
  )
  const { status, stdout, stderr } = await rig.lab.runner.exec(
    runwarden,
    [
      'run',
      '--step',
      'outside',
      '--quiet',
      '--out',
      place.out,
      '--worker',
      command[0],
      '--',
    ].concat(
      'sh',
      '-c',
      `podman system service --time 0 unix://${place.at('podman.sock')} & engine=$!; "$@"; status=$?; kill $engine; exit $status`,
      'sh',
      command,
    ),
    { cwd: workspace, env: rig.engine.env, timeout: 500_000 },
  )
  expect(status, stdout + stderr).toBe(0)
  expect(result().steps.map(({ outcome }) => outcome)).toEqual(Array(6).fill('success'))
  const told = place.eventsOf('process.exec').flatMap(({ exe, argv, step }) => {
    const mark = /^: (m\d\dm)/.exec(argv.at(-1) ?? '')?.[1]
    return mark === undefined || !exe.endsWith('/busybox') ? [] : [`${mark} ${step}`]
  })
  expect([...new Set(told)].toSorted()).toEqual([
    'm01m alone',
    'm02m alone',
    'm03m stays',
    'm04m beside',
    'm05m alone',
    'm06m execs',
    'm07m execs',
    'm08m beside',
    // By a name, which says only to the engine which container it is.
    'm09m unknown step',
    'm10m into',
    'm11m into',
  ])
}, 600_000)
