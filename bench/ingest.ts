/**
 * The control plane: how fast it takes events, and answers with many of them stored. Prints a table and, with --write, puts
 * it into docs/benchmarks.md.
 *
 *   node bench/ingest.ts [--events N] [--agents N] [--jobs N] [--data FOLDER] [--write]
 *
 * With a folder of its own it stays there, and what it has of them is not sent again.
 */
import {
  closeSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { cpus, loadavg, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { segmentsOf, type Segment } from './agent-events.ts'
import { ask, type Job, listen, sendSegment, startJob, times } from './ingest-client.ts'
import { rowForEach } from './ingest-peer.ts'
import { sendShortJobs } from './ingest-jobs.ts'
import { CommandServer } from './ingest-server.ts'
import { type MeasuredRow, writeRows } from './measured-rows.ts'

const argument = (name: string): string | undefined => {
  const at = process.argv.indexOf(name)
  return at < 0 ? undefined : process.argv[at + 1]
}
/** Stored when it is asked how fast it answers. */
const stored = Number(argument('--events') ?? 10_000_000)
const agents = Number(argument('--agents') ?? 1000)
/** Short ones, of an organisation of their own, for views over many jobs. */
const shortJobs = Number(argument('--jobs') ?? 10_000)
const eventsOfJob = 10_000
/** Of the measured part: segments that are made before, so that only sending them is measured. */
const measuredJobs = Math.min(50, Math.ceil(stored / eventsOfJob))
/** Jobs that send at a time. */
const width = 8
/** Jobs whose segments are made; the others of their repositories send the same again. */
const distinctJobs = 100

const rows: MeasuredRow[] = []
const say = (what: string, measured: string, target = ''): void => {
  rows.push({ what, measured, target })
  process.stdout.write(`${what}: ${measured}${target === '' ? '' : ` (${target})`}\n`)
}
const perSecond = (count: number, seconds: number): string =>
  `${Math.round(count / seconds).toLocaleString('en')} a second`
const since = (start: number): number => (performance.now() - start) / 1000
/** Seconds of the server's threads, all of them, until now: unlike the time on the clock it tells little of what else runs. */
const cpu = (): number => {
  const [, user, system] =
    /\) (?:\S+ ){11}(\d+) (\d+) /.exec(readFileSync(`/proc/${server.pid}/stat`, 'utf8')) ?? []
  return (Number(user) + Number(system)) / 100
}
const each = (seconds: number, count: number): string =>
  `${((seconds / count) * 1e6).toFixed(1)} µs`

const size = (name: string): string =>
  `${(statSync(join(data, name)).size / 2 ** 20).toFixed(0)} MiB`

const place = mkdtempSync(join(tmpdir(), 'runwarden-ingest-'))
process.on('exit', () => rmSync(place, { recursive: true, force: true }))
const data = argument('--data') ?? join(place, 'data')
const startedAt = performance.now()
await using server = await CommandServer.start(data)
const isEmpty = argument('--data') === undefined
say(
  isEmpty ? 'ready on an empty folder' : 'ready on the folder that has all but the first of these',
  `${since(startedAt).toFixed(2)} s`,
  isEmpty ? '≤ 2 s' : '',
)
const { url } = server
const key = server.key('agent')
const viewer = server.key('viewer')
const admin = server.key('admin')

await takeEvents()
await fillUp()
await answers()
await reads()
await manyAgents()
await overviews()
if (process.argv.includes('--write'))
  writeRows('node bench/ingest.ts --write', 'end of the control plane', rows, machine())

async function takeEvents(): Promise<void> {
  const made = Array.from({ length: measuredJobs }, (_, job) => [...segmentsOf(job, eventsOfJob)])
  const events = measuredJobs * eventsOfJob
  const peer = appendOnly(made)
  const jobs = await Promise.all(made.map((_, i) => startJob(url, key, i)))
  const used = cpu()
  const start = performance.now()
  await times(measuredJobs, width, async (i) => {
    for (const segment of made[i] ?? []) await sendSegment(url, jobs[i] as Job, segment)
  })
  const acknowledged = since(start)
  await indexed()
  const all = since(start)
  const usedAll = cpu() - used
  const bodies = made.map((segments) => segments.map(({ body }) => body))
  const usedByRows = rowForEach(join(place, 'rows.sqlite'), bodies)
  const bytes = made.flat().reduce((sum, { body }) => sum + body.length, 0)
  say(
    `${events.toLocaleString('en')} events in ${made.flat().length} segments (${(bytes / events).toFixed(1)} bytes each, packed): acknowledged`,
    perSecond(events, acknowledged),
  )
  say(
    'the same, until they are in every view and in the search',
    perSecond(events, all),
    '≥ 50,000 a second',
  )
  say(
    'processor time of that for an event, all of the server’s threads',
    each(usedAll, events),
    '≤ 40 µs: 50,000 a second of two cores',
  )
  say(
    'processor time of a row of SQLite for each event, of one process that is sent nothing',
    `${each(usedByRows, events)}; the server takes ${(usedAll / usedByRows).toFixed(1)} times as long`,
  )
  say(
    'the same segments appended to a file each, with fsync, by one process',
    perSecond(events, peer),
  )
}

/** Seconds of what has to be done at least. */
function appendOnly(made: readonly (readonly Segment[])[]): number {
  const start = performance.now()
  for (const [i, segments] of made.entries()) {
    const file = openSync(join(place, `peer-${i}`), 'a')
    for (const { body } of segments) {
      writeSync(file, body)
      fsyncSync(file)
    }
    closeSync(file)
  }
  return since(start)
}

/** Waits until all that was acknowledged is indexed. */
async function indexed(): Promise<void> {
  for (;;) {
    const metrics = await (await fetch(`${url}/metrics`)).text()
    if (/^runwarden_segments_behind 0$/m.test(metrics)) return
    await setTimeout(20)
  }
}

async function fillUp(): Promise<void> {
  const there = await jobsThere()
  const jobs = Math.max(there.length, Math.ceil(stored / eventsOfJob))
  const made = new Map<number, Segment[]>()
  await times(jobs - there.length, width, async (i) => {
    const number = there.length + i
    const like = number % distinctJobs
    let segments = made.get(like)
    if (segments === undefined) made.set(like, (segments = [...segmentsOf(like, eventsOfJob)]))
    const job = await startJob(url, key, number)
    for (const segment of segments) await sendSegment(url, job, segment)
  })
  const big = await bigJob()
  await indexed()
  say(
    `stored then: ${(((await jobsThere()).length - 1) * eventsOfJob + 1_000_000).toLocaleString('en')} events, 1,000,000 of them of one job`,
    `index ${size('index.sqlite')}, database ${size('runwarden.sqlite')}`,
  )
  for (const view of [
    'destinations',
    'dns',
    'http',
    'files',
    'processes',
    'detections',
    'timeline',
  ])
    say(
      `job of 1,000,000 events: first page of its ${view}`,
      await latency(20, `/v1/orgs/acme/jobs/${big}/${view}`),
      '≤ 300 ms',
    )
}

/** Median and 99th percentile of asking one after the other. */
async function latency(
  count: number,
  path: string | ((i: number) => string),
  token = viewer,
): Promise<string> {
  const took: number[] = []
  for (let i = 0; i < count; i++) {
    const start = performance.now()
    await ask(url + (typeof path === 'string' ? path : path(i)), 'GET', { token })
    took.push(performance.now() - start)
  }
  took.sort((a, b) => a - b)
  const at = (part: number): string =>
    (took[Math.min(count - 1, Math.floor(count * part))] ?? 0).toFixed(1)
  return count < 100
    ? `median ${at(0.5)} ms, worst ${at(1)} ms`
    : `median ${at(0.5)} ms, p99 ${at(0.99)} ms`
}

/** One job of a million events, of which only the first pages are asked for. @returns its id */
async function bigJob(): Promise<string> {
  const number = 1_000_000
  const there = await ask<{ items: { id: string }[] }>(
    `${url}/v1/orgs/acme/jobs?run=${number + 1}`,
    'GET',
    { token: viewer },
  )
  const [found] = there.items
  if (found !== undefined) return found.id
  const job = await startJob(url, key, number)
  for (const segment of segmentsOf(number, 1_000_000)) await sendSegment(url, job, segment)
  return job.jobId
}

/** Of an organisation, the newest first. */
async function jobsThere(organisation = 'acme', token = viewer): Promise<string[]> {
  const jobs: string[] = []
  for (let after = ''; ;) {
    const page = await ask<{ items: { id: string }[]; next: string | null }>(
      `${url}/v1/orgs/${organisation}/jobs?limit=500${after}`,
      'GET',
      { token },
    )
    jobs.push(...page.items.map(({ id }) => id))
    if (page.next === null) return jobs
    after = `&after=${page.next}`
  }
}

async function answers(): Promise<void> {
  const jobs = await jobsThere()
  say(
    'a job’s summary',
    await latency(2000, (i) => `/v1/orgs/acme/jobs/${jobs[(i * 7919) % jobs.length]}`),
    'p99 ≤ 50 ms',
  )
  const app = '/home/runner/work/app3/app3'
  const searches: Readonly<Record<string, string>> = {
    'which jobs contacted a host that all of its repository have':
      'host=host-1.registry-3.example.org',
    'which jobs contacted an address that all have': 'address=198.51.100.1',
    'which jobs contacted a domain of 4 hosts': 'host=*.registry-3.example.org',
    'which jobs ran a program that all have': 'exe=gcc',
    'which jobs touched a path': `path=${app}/part-0/node_modules/package-7/module-0.d.ts`,
    'which jobs touched one of 1,700 paths': `path=${app}/part-0/node_modules/package-*`,
    'which jobs touched anything of a checkout': `path=${app}/*`,
    'which jobs called an API': 'api=GET host-3.registry-3.example.org/package-7/*',
  }
  for (const [what, search] of Object.entries(searches))
    say(`search: ${what}`, await latency(20, `/v1/orgs/acme/search?${search}`), '≤ 1 s')
}

/** Views over many jobs: they take as long as there are jobs in the period. */
async function overviews(): Promise<void> {
  const token = server.key('viewer', 'many')
  const first = (await jobsThere('many', token)).length
  const owner = { key: server.key('agent', 'many'), owner: 'many' }
  await sendShortJobs(url, owner, { first, count: Math.max(0, shortJobs - first), width })
  await indexed()
  const views: Readonly<Record<string, string>> = {
    'overview of 30 days': 'overview?period=30d',
    'destinations of 30 days': 'destinations?period=30d',
    repositories: 'repositories',
    'first page of runs': 'runs',
    'machines with agents': 'agents',
  }
  for (const [what, path] of Object.entries(views))
    say(
      `organisation with ${shortJobs.toLocaleString('en')} jobs: ${what}`,
      await latency(20, `/v1/orgs/many/${path}`, token),
      '≤ 300 ms',
    )
}

async function reads(): Promise<void> {
  const count = 20_000
  const policy = `${url}/v1/orgs/acme/policies/base`
  await ask(policy, 'PUT', {
    token: admin,
    body: { text: 'version: 1\negress: audit\n', reason: 'bench' },
  })
  const { jobId, token } = await startJob(url, key, 2_000_000)
  const asked: Readonly<Record<string, () => Promise<unknown>>> = {
    'the public block list': () => ask(`${url}/v1/blocklist`, 'GET'),
    'a job’s block list': () => ask(`${url}/v1/jobs/${jobId}/blocklist`, 'GET', { token }),
    'a policy': () => ask(policy, 'GET', { token: viewer }),
  }
  for (const [what, act] of Object.entries(asked)) {
    const used = cpu()
    const start = performance.now()
    await times(count, 32, act)
    const seconds = since(start)
    say(
      `reads of ${what}, by a client on the same machine`,
      `${perSecond(count, seconds)}; ${each(cpu() - used, count)} of the server’s processor time`,
      '≥ 5,000 a second',
    )
  }
}

async function manyAgents(): Promise<void> {
  const jobs: Job[] = []
  await times(agents, width, async (i) => {
    jobs[i] = await startJob(url, key, 3_000_000 + i)
  })
  let told = 0
  let all = Promise.withResolvers<void>()
  const heard = (event: string): void => {
    if (event === 'block-list' && ++told === agents) all.resolve()
  }
  const ends = await Promise.all(
    jobs.map(({ jobId, token }) => listen(`${url}/v1/jobs/${jobId}/stream`, token, heard)),
  )
  await all.promise
  const heartbeat = (i: number): Promise<unknown> => {
    const { jobId, token } = jobs[i] as Job
    const body = { sequence: 0, eventsLost: {}, tier: 'T1', armed: true }
    return ask(`${url}/v1/jobs/${jobId}/heartbeat`, 'POST', { token, body })
  }
  const used = cpu()
  const start = performance.now()
  for (let round = 0; round < 5; round++) await times(agents, 64, heartbeat)
  const took = since(start)
  say(
    `heartbeats of ${agents.toLocaleString('en')} agents that listen, by a client on the same machine`,
    `${perSecond(5 * agents, took)}; ${each(cpu() - used, 5 * agents)} of the server’s processor time`,
  )
  told = 0
  all = Promise.withResolvers()
  const changed = performance.now()
  await ask(`${url}/v1/orgs/acme/blocklist/entries`, 'POST', {
    token: admin,
    body: { entries: [{ value: 'evil.example.net', reason: 'bench' }] },
  })
  await all.promise
  say(
    'a change of the block list, until the last of them is told',
    `${(since(changed) * 1000).toFixed(0)} ms`,
    '≤ 5 s',
  )
  const resident = /^VmRSS:\s+(\d+) kB$/m.exec(
    readFileSync(`/proc/${server.pid}/status`, 'utf8'),
  )?.[1]
  say(
    'the server’s memory then, started as its users start it',
    `${(Number(resident) / 1024).toFixed(0)} MiB resident`,
    '≤ 300 MB',
  )
  for (const end of ends) end()
}

function machine(): string {
  const [first] = cpus()
  return `Linux ${release()}, ${cpus().length} × ${first?.model ?? 'unknown'}, load ${loadavg()[0]?.toFixed(1)} at the end`
}
