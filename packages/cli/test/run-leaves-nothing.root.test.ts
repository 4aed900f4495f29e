import { readFileSync, writeFileSync } from 'node:fs'
import type { ChildProcess } from 'node:child_process'
import { startLab } from '@runwarden/lab'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Held, heldBy, stillThere, tracesOf } from './traces.ts'
import { gather, Place, runwarden, until } from './runwarden.ts'

let place: Place
beforeEach(() => {
  place = new Place()
})
afterEach(() => place[Symbol.dispose]())

/** Starts a run of a command that says `started` first. */
async function started(
  mark: string,
  args: readonly string[],
): Promise<{ child: ChildProcess; agent: number; held: Held; ended: ReturnType<typeof gather> }> {
  const child = place.spawn(runwarden, ['run', '--quiet', '--out', place.out, ...args], {
    env: { RUNWARDEN_TEST: mark },
  })
  const ended = gather(child)
  let said = ''
  child.stdout?.on('data', (text: string) => (said += text))
  await until(() => said.includes('started') || child.exitCode !== null)
  const agent = child.pid ?? 0
  return { child, agent, held: heldBy(agent), ended }
}

async function nothingIsLeft(agent: number, mark: string, held: Held): Promise<void> {
  expect(tracesOf(agent, mark)).toEqual([])
  expect(held.programs.length).toBeGreaterThan(10)
  expect(held.maps.length).toBeGreaterThan(10)
  // Only this may take a moment: the kernel frees programs and maps by itself.
  await until(() => {
    const { programs, maps } = stillThere(held)
    return programs.length + maps.length === 0
  })
}

const waits = 'echo started; until [ -e go ]; do sleep 0.02; done; '

test.for<[string, string[], (child: ChildProcess) => void, number]>([
  ['ended well', ['sh', '-c', `${waits} exit 0`], () => {}, 0],
  ['failed', ['sh', '-c', `${waits} exit 9`], () => {}, 9],
  [
    'left processes behind',
    ['sh', '-c', `${waits} setsid sleep 1000 & ${waits.replace('echo started;', '')} exit 0`],
    () => {},
    0,
  ],
  [
    'made cgroups of its own',
    [
      'bash',
      '-c',
      `${waits} own=$(awk -F: '$1==0{print $3}' /proc/self/cgroup); for at in $(awk '$3=="cgroup2"{print $2}' /proc/mounts); do mkdir -p "$at$own/a/b" 2>/dev/null; done; exit 0`,
    ],
    () => {},
    0,
  ],
  [
    'was interrupted',
    ['bash', '-c', 'trap "exit 77" INT; echo started; while :; do sleep 0.02; done'],
    (child) => child.kill('SIGINT'),
    77,
  ],
  [
    'was terminated',
    ['bash', '-c', 'echo started; while :; do sleep 0.02; done'],
    (child) => child.kill('SIGTERM'),
    143,
  ],
])(
  'a run that %s leaves no cgroup, mount, pin, process, program or map',
  async ([, command, act, expected]) => {
    const mark = `leaves-nothing-${process.pid}-${Date.now()}`
    const { child, agent, held, ended } = await started(mark, ['--', ...command])
    expect(tracesOf(agent, mark)).not.toEqual([])
    writeFileSync(place.at('go'), '')
    act(child)
    expect(await ended).toMatchObject({ status: expected, stderr: '' })
    await nothingIsLeft(agent, mark, held)
  },
)

test('a run that could not start its command leaves nothing', async () => {
  const mark = `leaves-nothing-${process.pid}-unstarted`
  const child = place.spawn(
    runwarden,
    ['run', '--quiet', '--out', place.out, '--', 'no-such-command'],
    { env: { RUNWARDEN_TEST: mark } },
  )
  expect(await gather(child)).toMatchObject({ status: 127 })
  expect(tracesOf(child.pid ?? 0, mark)).toEqual([])
})

test.for(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
  '%s while it arms: the command does not run, and nothing is left',
  async (signal) => {
    const mark = `leaves-nothing-${process.pid}-${signal}`
    const child = place.spawn(
      runwarden,
      ['run', '--quiet', '--out', place.out, '--', 'touch', 'ran'],
      { env: { RUNWARDEN_TEST: mark } },
    )
    const ended = gather(child)
    const agent = child.pid ?? 0
    // From here on there is something to clean up.
    await until(
      () =>
        tracesOf(agent, mark).some(
          (trace) => trace.includes('cgroup') || trace.startsWith('runwarden-'),
        ) || child.exitCode !== null,
    )
    child.kill(signal)
    const { status, stderr } = await ended
    const ran = (await place.exec('cat', ['ran'])).status === 0
    // When it came too late to be ours it was the command's, which it ended or was too late for, too.
    if (!ran) {
      const number = { SIGTERM: 15, SIGINT: 2, SIGHUP: 1 }[signal]
      expect({ status, stderr }).toEqual({
        status: 128 + number,
        stderr: expect.stringMatching(/^$|came before the command was started/),
      })
    }
    expect(tracesOf(agent, mark)).toEqual([])
  },
)

test('two runs at once with different policies neither see nor disturb each other', async () => {
  await using lab = await startLab({
    servers: [
      {
        name: 'a.example.com',
        addresses: ['198.51.100.10', '2001:db8:1::10'],
        ports: { http: 80 },
      },
      {
        name: 'b.example.com',
        addresses: ['198.51.100.11', '2001:db8:1::11'],
        ports: { http: 80 },
      },
    ],
  })
  const job = `
    echo started; until [ -e go ]; do sleep 0.02; done
    for n in 1 2 3 4 5; do for name in a b; do
      curl -s -o /dev/null "http://$name.example.com/$1-$n" && echo "$name $n"
    done; done
    touch "$1-file"`
  const outs: Record<string, string> = { a: place.at('out-a'), b: place.at('out-b') }
  const runs = ['a', 'b'].map((name) => {
    const child = lab.runner.spawn(
      runwarden,
      [
        'run',
        '--quiet',
        '--egress',
        'block',
        '--allow',
        `${name}.example.com:80`,
        '--out',
        outs[name] ?? '',
        '--',
        'bash',
        '-c',
        job,
        'bash',
        name,
      ],
      { cwd: place.path },
    )
    let said = ''
    child.stdout?.on('data', (text) => (said += String(text)))
    return {
      name,
      child,
      ended: gather(child),
      hasStarted: () => said.includes('started') || child.exitCode !== null,
    }
  })
  await until(() => runs.every(({ hasStarted }) => hasStarted()))
  writeFileSync(place.at('go'), '')
  for (const { name, ended } of runs) {
    expect(await ended).toMatchObject({
      stdout: `started\n${[1, 2, 3, 4, 5].map((n) => `${name} ${n}\n`).join('')}`,
      stderr: '',
    })
  }
  for (const { name } of runs) {
    const other = name === 'a' ? 'b' : 'a'
    const report = place.report(outs[name])
    expect(new Set(report.dns.map((query) => `${query.verdict} ${query.name}`))).toEqual(
      new Set([`allowed ${name}.example.com`, `blocked ${other}.example.com`]),
    )
    expect(
      new Set(
        report.destinations.map((destination) => `${destination.verdict} ${destination.host}`),
      ),
    ).toEqual(new Set([`allowed ${name}.example.com`]))
    const created = place.eventsOf('file.create', outs[name]).map(({ path }) => path)
    expect(created).toContain(place.at(`${name}-file`))
    expect(created).not.toContain(place.at(`${other}-file`))
    expect(
      report.processes.flatMap(({ images }) => images.map(({ argv }) => argv.at(-1) ?? '')).join(),
    ).not.toContain(`/${other}-`)
  }
  const paths = (await lab.internet.records()).flatMap(({ address, requests }) =>
    (requests ?? []).map(({ path }) => `${address.endsWith('10') ? 'a' : 'b'} ${path}`),
  )
  expect(paths.toSorted()).toEqual(
    ['a', 'b'].flatMap((name) => [1, 2, 3, 4, 5].map((n) => `${name} /${name}-${n}`)),
  )
})

test('a thousand short processes, and the scope is gone the moment the last is', async () => {
  const { status } = await place.run([
    '--quiet',
    '--',
    'sh',
    '-c',
    'i=0; while [ $i -lt 1000 ]; do /bin/true & i=$((i+1)); done; wait; exit 3',
  ])
  expect(status).toBe(3)
  const report = place.report()
  expect(place.eventsOf('process.exec').filter(({ exe }) => exe.endsWith('/true'))).toHaveLength(
    1000,
  )
  expect(report.counts.processes).toBeGreaterThan(1000)
  expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(report.scope)
})
