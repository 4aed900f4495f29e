/**
 * Every storm bare, under `runwarden run`, and under peers, round by round in one run. Prints tables for
 * docs/benchmarks.md; how it goes on is said on standard error.
 *
 *   node bench/storms.ts [rounds] [--only WORD]
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findCgroup2, readMounts } from '../packages/agent/src/mounts.ts'
import { auditd, bare, bpftrace, emptyPrograms, lastRun, runwarden } from './contenders.ts'
import { contest, median, type Result, shownHalf, type Workload } from './contest.ts'
import { decodeRate } from './decode.ts'
import { agentMemory } from './memory.ts'
import { makeNpmProject } from './npm-project.ts'
import { wholeJob, wholeJobName } from './whole-job.ts'

/** Set to the pid of the process outside of the namespace, whose network auditd needs. */
const inside = 'RUNWARDEN_BENCH_INSIDE'
if (process.env[inside] === undefined) {
  // A network namespace of its own, with an address that is not loopback and leads nowhere.
  const setUp = 'ip link set lo up && ip addr add 192.0.2.1/32 dev lo && exec "$@"'
  const { status } = spawnSync(
    'unshare',
    ['-n', 'sh', '-c', setUp, 'sh', process.execPath, ...process.argv.slice(1)],
    { stdio: 'inherit', env: { ...process.env, [inside]: String(process.pid) } },
  )
  process.exit(status ?? 1)
}

const rounds = Number(process.argv[2] ?? 5)
const named = process.argv.indexOf('--only')
const only = named < 0 ? '' : (process.argv[named + 1] ?? '')

const place = mkdtempSync(join(tmpdir(), 'runwarden-storms-'))
process.on('exit', () => rmSync(place, { recursive: true, force: true }))
const workspace = join(place, 'workspace')
mkdirSync(workspace)
for (const storm of ['exec', 'open', 'connect', 'timed']) {
  const built = spawnSync(
    'gcc',
    ['-O2', '-o', join(place, storm), join(import.meta.dirname, 'storms', `${storm}.c`)],
    { stdio: 'inherit' },
  )
  if (built.status !== 0) throw new Error(`gcc could not build ${storm}.c`)
}

/** A C tree of 120 files that include what real ones do. */
function makeTree(folder: string): void {
  mkdirSync(folder)
  const names = Array.from({ length: 120 }, (_, i) => `part${i}`)
  for (const [i, name] of names.entries()) {
    const functions = Array.from(
      { length: 20 },
      (_, k) =>
        `static int f${k}(const char *s) { return (int)strlen(s) * ${i + k} + (int)strtol(s, 0, 10); }`,
    )
    const uses = Array.from({ length: 20 }, (_, k) => `f${k}(s)`).join(' + ')
    writeFileSync(
      join(folder, `${name}.c`),
      `#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <sys/socket.h>\n#include <pthread.h>\n${functions.join('\n')}\nint ${name}(const char *s) { return ${uses}; }\n`,
    )
  }
  writeFileSync(
    join(folder, 'main.c'),
    `${names.map((n) => `int ${n}(const char *);`).join('\n')}\nint main(int c, char **v) { return c > 1 ? 0${names.map((n) => ` + ${n}(v[1])`).join('')} : 0; }\n`,
  )
  const objects = ['main', ...names].map((n) => `${n}.o`).join(' ')
  writeFileSync(
    join(folder, 'Makefile'),
    `all: tree\nCFLAGS = -O1\ntree: ${objects}\n\t$(CC) -o $@ ${objects}\nclean:\n\trm -f tree *.o\n`,
  )
}
const tree = join(workspace, 'tree')
makeTree(tree)

const project = await makeNpmProject(place, '192.0.2.1')

const hierarchy = findCgroup2(readMounts())
if (hierarchy === undefined) throw new Error('cgroup v2 is mounted nowhere')

const amounts = { open: ['300000'], connect: ['20000', '192.0.2.1'] } as const
const workloads: Workload[] = [
  {
    name: 'exec storm: 3,000 × /bin/true',
    target: 1.1,
    command: [join(place, 'exec'), '3000'],
    cwd: workspace,
  },
  {
    name: 'open/close storm: 300,000 × read-only',
    target: 1.15,
    command: [join(place, 'open'), ...amounts.open],
    cwd: workspace,
  },
  {
    name: 'open/close storm: 100,000 × for writing, each told',
    target: null,
    command: [join(place, 'open'), '100000', 'w'],
    cwd: workspace,
  },
  {
    name: 'TCP connect storm: 20,000',
    target: 1.05,
    command: [join(place, 'connect'), ...amounts.connect],
    cwd: workspace,
  },
  ...(['open', 'connect'] as const).map((storm): Workload => ({
    name: `the same, ${storm === 'open' ? 'read-only opens' : 'connects'}, 1.5 s after the start`,
    target: storm === 'open' ? 1.15 : 1.05,
    command: ['sh', '-c', `sleep 1.5; exec "$0"/${storm} "$@"`, place, ...amounts[storm]],
    cwd: workspace,
    peers: false,
  })),
  {
    name: 'make -j2, 121 C files',
    target: 1.03,
    command: [join(place, 'timed'), 'sh', '-c', 'make -s clean && make -s -j2'],
    cwd: tree,
  },
  {
    name: `npm ci, ${project.packages} packages, empty cache`,
    target: 1.03,
    command: [
      join(place, 'timed'),
      'sh',
      '-c',
      'rm -rf node_modules cache && npm ci --loglevel=error --cache "$PWD/cache"',
    ],
    cwd: project.folder,
  },
  {
    name: 'whole job: npm ci, npm test, make -j2',
    target: 1.05,
    command: [
      join(place, 'timed'),
      'sh',
      '-c',
      'rm -rf node_modules cache && npm ci --loglevel=error --cache "$PWD/cache" && npm test --silent && make -s -C "$0" clean && make -s -j2 -C "$0"',
      tree,
    ],
    cwd: project.folder,
    peers: false,
  },
]
const product = [
  bare,
  runwarden('audit', ['--workspace', workspace]),
  runwarden('block', [
    '--workspace',
    workspace,
    '--egress',
    'block',
    '--allow',
    '192.0.2.1:8443 192.0.2.1:8080',
  ]),
]
const contenders = [...product, emptyPrograms(hierarchy), bpftrace, auditd]

const results: Result[] = []
function take(measured: readonly Result[]): void {
  for (const result of measured) {
    results.push(result)
    console.error(
      `  ${result.contender.padEnd(18)} ${result.seconds.toFixed(3).padStart(8)} s  ${result.ratio.toFixed(3)}× (${shownHalf(result.half)})${result.lost > 0 ? `  ${result.lost} EVENTS LOST` : ''}`,
    )
  }
}
for (const workload of workloads.filter(({ name }) => name.includes(only))) {
  console.error(workload.name)
  take(await contest(workload, workload.peers === false ? product : contenders, rounds))
}
if (wholeJobName.includes(only)) {
  console.error(wholeJobName)
  take(await wholeJob(place, tree, join(place, 'timed'), rounds))
}

const armed: number[] = []
const start = runwarden('start', [])
for (let round = 0; round <= rounds; round++) {
  await start.run({
    name: 'start',
    target: null,
    command: [join(place, 'timed'), 'true'],
    cwd: workspace,
  })
  if (round > 0 && lastRun.armedMs !== null) armed.push(lastRun.armedMs)
}
const armedMs = median(armed)

const command = join(import.meta.dirname, '../node_modules/.bin/runwarden')
const { memory, lost: lostMeanwhile } = await agentMemory(command, place, workspace, 3)

const rate = decodeRate(join(place, 'open'), hierarchy, rounds)

project.close()

const lost = [
  ...results.map((result) => ({ ...result, under: result.contender })),
  { workload: 'all storms three times', under: 'runwarden audit', lost: lostMeanwhile },
].flatMap(({ workload, under, lost: count }) =>
  count === 0 ? [] : [`${workload}, ${under}: ${count.toLocaleString('en')}`],
)
console.log(
  [
    '| workload | under | rounds | time | ratio to bare | middle half | target |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...results.map(
      ({ workload, contender, rounds: all, seconds, ratio, half, target }) =>
        `| ${workload} | ${contender} | ${all} | ${seconds.toFixed(3)} s | ${ratio.toFixed(3)} | ${contender === 'bare' ? '' : shownHalf(half)} | ${target === null ? '' : `≤ ${target.toFixed(2)}`} |`,
    ),
    '',
    lost.length === 0
      ? 'No events were lost in any of these runs.'
      : `**Events were lost, of all rounds together**: ${lost.join('; ')}.`,
    '',
    `From the start of \`runwarden run\` to the command's exec, armed: ${armedMs.toFixed(0)} ms (target ≤ 1,000 ms).`,
    '',
    `Ring to typed records, one core: ${Math.round(rate).toLocaleString('en')} a second (target ≥ 500,000).`,
    '',
    '| agent after | resident | proportional (Pss) |',
    '| --- | --- | --- |',
    ...memory.map(
      ({ resident, proportional }, round) =>
        `| ${round + 1} × all storms | ${resident.toFixed(0)} MiB | ${proportional.toFixed(0)} MiB |`,
    ),
  ].join('\n'),
)
if (lost.length > 0) process.exitCode = 1
