import { expect, test } from 'vitest'
import { sampleReport } from '../../../events/test/sample-report.ts'
import type { Overview } from '../../src/views/overview.ts'
import { connect, detection, exec, write } from '../ingest/sample-events.ts'
import { jobStart, TestAgent } from '../ingest/test-agent.ts'
import { ServerRig } from '../server-rig.ts'

const hourMs = 3_600_000
/** That of the sample events, later than any real one: nothing else began then. */
const now = 1_795_000_000_000 + 10 * hourMs

type Events = Parameters<TestAgent['pack']>[0]

/** A server whose clock a test sets, and jobs of it. */
async function rigAt(start: number) {
  const clock = { now: start }
  const rig = await ServerRig.start({}, { clock: () => clock.now })
  const job = async (given: Parameters<typeof jobStart>[0], events: Events = []) => {
    const agent = new TestAgent(rig.url)
    await agent.start(rig.acme.keys.agent, jobStart(given))
    if (events.length > 0)
      expect(await agent.send(agent.pack(events))).toMatchObject({ status: 200 })
    // What is found counts at the time when it is found: as long as the clock says so.
    await rig.server.context.ingest.indexer.settled(60_000)
    return agent
  }
  const get = async <T>(path: string): Promise<T> => {
    await rig.server.context.ingest.indexer.settled(60_000)
    const { status, body } = await rig.ask('GET', `/v1/orgs/acme/${path}`, {
      as: rig.acme.keys.viewer,
    })
    expect(status, JSON.stringify(body)).toBe(200)
    return body as T
  }
  return { rig, clock, job, get, [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose]() }
}

test('an overview counts what the jobs of a period did, and names those that were not protected', async () => {
  await using at = await rigAt(now - 40 * 24 * hourMs)
  const { clock, job, get } = at
  await job({ repository: 'acme/old', runId: '1' })
  clock.now = now - 2 * hourMs
  const lossy = await job({ runId: '2' }, [
    exec(1, 100),
    connect(2, { time: now, host: 'evil.example.net', verdict: 'blocked', count: 3 }),
    connect(3, { time: now }),
    detection(4, { severity: 'high' }),
  ])
  await lossy.finish({
    ...sampleReport,
    egress: 'block',
    health: { ...sampleReport.health, eventsLost: { 'file.write': 2 } },
  })
  clock.now = now - hourMs
  const auditing = await job({ runId: '3' }, [connect(1, { time: now, verdict: 'would-block' })])
  await auditing.finish(sampleReport)
  const open = await job({ runId: '3', job: 'second' })
  await open.finish({ ...sampleReport, egress: 'block', protection: 'unprotected' })
  const live = await job({ runId: '4', repository: 'acme/lib' })
  clock.now = now

  const overview = await get<Overview>('overview?period=24h')
  expect(overview).toMatchObject({
    to: now,
    bucketMs: hourMs,
    jobs: 4,
    runs: 3,
    repositories: 2,
    states: { running: 1, silent: 0, finished: 3 },
    calls: { allowed: 1, 'would-block': 1, blocked: 3, 'attack-blocked': 0 },
    detections: { open: { high: 1 } },
    coverage: {
      jobs: 4,
      blocking: 0,
      auditing: 1,
      gaps: 1,
      unprotected: 1,
      unknown: 1,
    },
    tiers: { T1: 3, unknown: 1 },
    destinations: [
      {
        host: 'registry.example.org',
        jobs: 2,
        repositories: 1,
        verdicts: ['allowed', 'would-block'],
      },
      { host: 'evil.example.net', jobs: 1, calls: 3, verdicts: ['blocked'], isNew: true },
    ],
    unprotected: {
      jobs: 3,
      newest: expect.arrayContaining([
        expect.objectContaining({ id: lossy.jobId, eventsLost: { 'file.write': 2 } }),
        expect.objectContaining({ id: open.jobId, protection: 'unprotected' }),
        expect.objectContaining({ id: auditing.jobId, egress: 'audit' }),
      ]),
      quietRepositories: ['acme/old'],
    },
    silent: { jobs: 0, newest: [] },
  })
  expect(overview.unprotected.newest).toHaveLength(3)
  expect(overview.buckets).toHaveLength(24)
  expect(overview.buckets.filter(({ jobs }) => jobs > 0)).toMatchObject([
    { at: now - 2 * hourMs, jobs: 1, gaps: 1, detections: 1, calls: { blocked: 3 } },
    { at: now - hourMs, jobs: 3, auditing: 1, unprotected: 1, calls: { 'would-block': 1 } },
  ])

  at.rig.server.context.db.run('UPDATE jobs SET silent_at = ? WHERE id = ?', now, live.jobId)
  expect(await get('overview')).toMatchObject({
    bucketMs: 6 * hourMs,
    states: { silent: 1 },
    silent: { jobs: 1, newest: [{ id: live.jobId }] },
  })
  expect(await get('overview?period=30d')).toMatchObject({ jobs: 4 })
})

test('a job counts as in block mode only where nothing says otherwise, and one whose agent is gone is named', async () => {
  await using at = await rigAt(now - hourMs)
  const { clock, job, get } = at
  const block = { ...sampleReport, egress: 'block' as const }
  const jobs = {
    sound: await job({ runId: '1', job: 'sound' }),
    tampered: await job({ runId: '2', job: 'tampered' }, [detection(1, { id: 'agent-tampered' })]),
    lost: await job({ runId: '3', job: 'lost' }),
    interrupted: await job({ runId: '4', job: 'interrupted' }),
    notRun: await job({ runId: '5', job: 'not-run' }),
    noMode: await job({ runId: '6', job: 'no-mode' }),
  }
  for (const agent of [jobs.sound, jobs.tampered, jobs.lost, jobs.interrupted]) await agent.tell()
  await jobs.noMode.heartbeat()
  for (const agent of [jobs.sound, jobs.tampered]) await agent.finish(block)
  await jobs.lost.finish(null)
  await jobs.interrupted.finish({ ...block, health: { ...block.health, interrupted: true } })
  await jobs.notRun.finish({ ...block, protection: 'not-run' })
  at.rig.server.context.ingest.heartbeats.write()
  clock.now = now
  const overview = await get<Overview>('overview')
  expect(overview).toMatchObject({
    coverage: { jobs: 6, blocking: 1, auditing: 0, gaps: 1, unprotected: 3, unknown: 1 },
    silent: { jobs: 1, newest: [{ id: jobs.lost.jobId, state: 'lost' }] },
  })
  const named = ['interrupted', 'lost', 'not-run', 'tampered']
  expect(overview.unprotected.newest.map(({ job: name }) => name).toSorted()).toEqual(named)
  const { items } = await get<{ items: { runId: string; reliance: string[] }[] }>('runs')
  const reliance = ['block', 'bare', 'bare', 'gaps', 'bare', 'unknown']
  expect(items.toReversed().map((run) => run.reliance)).toEqual(reliance.map((one) => [one]))
})

test('repositories come with their last run, their policy and what was found', async () => {
  await using at = await rigAt(now)
  const { rig, job, get } = at
  await job({ repository: 'acme/a', runId: '1' })
  // GitHub's names are the same in whatever case.
  const last = await job({ repository: 'Acme/A', runId: '2' }, [detection(1, { severity: 'low' })])
  await job({ repository: 'acme/b', runId: '3' })
  await job({ repository: null, runId: null })
  const as = rig.acme.keys.admin
  await rig.ask('PUT', '/v1/orgs/acme/policies/strict', {
    as,
    body: { text: 'version: 1\negress: block\n', reason: 'test' },
  })
  await rig.ask('POST', '/v1/orgs/acme/policy-attachments', {
    as,
    body: { policy: 'strict', target: { level: 'repository', repository: 'acme/b' } },
  })
  rig.server.context.db.run(
    "INSERT INTO baseline_states VALUES (?, 'acme/a', 'build', 'test', 'stable', 20, 12, 1), (?, 'acme/a', 'build', 'lint', 'unstable', 20, 2, 1)",
    rig.acme.id,
    rig.acme.id,
  )
  expect(await get('repositories')).toMatchObject({
    items: [
      {
        repository: 'acme/a',
        lastRun: { id: last.jobId, runId: '2' },
        runs: 2,
        severities: { low: 1 },
        egress: null,
        baseline: 'unstable',
      },
      { repository: 'acme/b', runs: 1, severities: {}, egress: 'block', baseline: null },
    ],
    next: null,
  })
  expect(await get('overview')).toMatchObject({ repositories: 2, runs: 4 })
  expect(await get('jobs?repository=ACME/a')).toMatchObject({ items: { length: 2 } })
  expect(await get('runs?repository=ACME/a')).toMatchObject({ items: { length: 2 } })
  expect(await get('repositories?limit=1')).toMatchObject({ next: 'acme/a' })
  expect(await get('repositories?after=acme/a')).toMatchObject({
    items: [{ repository: 'acme/b' }],
  })
  expect(await get('repositories?like=E/B')).toMatchObject({ items: [{ repository: 'acme/b' }] })
})

test('destinations of all jobs are listed once, those that are new can be asked for alone', async () => {
  await using at = await rigAt(now)
  const { clock, job, get } = at
  const old = now - 30 * 24 * hourMs
  clock.now = old
  await job({ runId: '1' }, [connect(1, { host: 'old.example.org', time: now })])
  clock.now = now
  // The clocks of jobs' machines are their own: when a job began is known here.
  const wrong = now - 40 * 24 * hourMs
  const second = await job({ runId: '2' }, [
    connect(1, { host: 'old.example.org', time: wrong, count: 7 }),
    connect(2, { host: 'New.example.org', address: '192.0.2.8', time: wrong, verdict: 'blocked' }),
    write(3, '/w/new', { time: wrong }),
  ])
  await job({ runId: '3', repository: 'acme/lib' }, [
    connect(1, { host: 'old.example.org', time: now, verdict: 'blocked', count: 5 }),
  ])
  await job({ runId: '4', repository: 'Acme/LIB' }, [
    connect(1, { host: 'old.example.org', time: now }),
    connect(2, { host: 'old.example.org', time: now, verdict: 'would-block' }),
  ])
  const hosts = async (query: string) =>
    (await get<{ items: { host: string }[] }>(`destinations?${query}`)).items.map(
      ({ host }) => host,
    )
  expect(await get('destinations')).toMatchObject({
    items: [
      {
        host: 'old.example.org',
        jobs: 3,
        repositories: 2,
        calls: 14,
        firstSeen: old,
        lastSeen: now,
        isNew: false,
      },
      { host: 'new.example.org', jobs: 1, repositories: 1, firstSeen: now, isNew: true },
    ],
    next: null,
  })
  expect(await get('overview')).toMatchObject({ destinations: [{ jobs: 3 }, { jobs: 1 }] })
  const blocked = { host: 'old.example.org', jobs: 1, repositories: 1, calls: 5 }
  expect(await get('destinations?verdict=blocked')).toMatchObject({
    items: expect.arrayContaining([expect.objectContaining(blocked)]),
  })
  // How many of a job's were of each verdict is not counted.
  expect(await get('destinations?verdict=would-block')).toMatchObject({
    items: [{ jobs: 1, calls: null }],
  })
  for (const asked of ['host=new.example.org', 'path=/w/new', 'path=/w/*'])
    expect(await get(`search?${asked}&from=${now - hourMs}`), asked).toMatchObject({
      items: [{ job: { id: second.jobId } }],
    })
  expect(await get(`search?host=old.example.org&to=${old}`)).toMatchObject({
    items: [{ job: { runId: '1' } }],
  })
  const { next } = await get<{ next: string }>('destinations?limit=1')
  expect(await hosts(`limit=1&after=${next}`)).toEqual(['new.example.org'])
  expect(await hosts('new=true')).toEqual(['new.example.org'])
  expect(await hosts('verdict=blocked')).toEqual(['old.example.org', 'new.example.org'])
  expect(await hosts('like=OLD.ex')).toEqual(['old.example.org'])
  expect(await hosts('kind=address')).toEqual(['192.0.2.7', '192.0.2.8'])
})

test('a job that sends before one that began earlier is not left out', async () => {
  await using at = await rigAt(now - 2 * hourMs)
  const { clock, job, get } = at
  const early = await job({ runId: '1' })
  clock.now = now - hourMs
  await job({ runId: '2' }, [connect(1, { host: 'late.example.org', time: now })])
  await at.rig.server.context.ingest.indexer.settled(60_000)
  await early.send(early.pack([connect(1, { host: 'early.example.org', time: now })]))
  clock.now = now
  expect(await get('destinations?period=24h')).toMatchObject({
    items: [{ host: 'late.example.org' }, { host: 'early.example.org' }],
  })
})

test('files of two jobs are compared whole, however long their names are', async () => {
  await using at = await rigAt(now)
  const { job, get } = at
  const long = 'x'.repeat(4000)
  const files = Array.from({ length: 1200 }, (_, i) => write(i + 1, `/w/${long}${i}`))
  const first = await job({ runId: '1' }, files)
  const second = await job({ runId: '2' }, files)
  expect(
    await get(`jobs/${second.jobId}/comparison?with=${first.jobId}&of=files&only=here`),
  ).toEqual({
    items: [],
    next: null,
    counts: { here: 0, there: 0, both: files.length, different: 0 },
    runs: null,
    isWhole: true,
  })
})

test('two jobs are compared by destinations, programs, requests and files, and one with the runs before it', async () => {
  await using at = await rigAt(now)
  const { rig, job, get } = at
  const first = await job({ runId: '1' }, [
    exec(1, 100, { exe: '/usr/bin/npm' }),
    connect(2, { host: 'a.example.org' }),
    connect(3, { host: 'both.example.org' }),
    write(4, '/w/one'),
  ])
  await first.finish(sampleReport)
  const second = await job({ runId: '2' }, [
    exec(1, 100, { exe: '/usr/bin/node' }),
    connect(2, { host: 'both.example.org', count: 2 }),
    connect(3, { host: 'b.example.org', verdict: 'blocked' }),
    write(4, '/w/one'),
  ])
  const compare = (query: string) =>
    get<{ items: unknown[] }>(`jobs/${second.jobId}/comparison?${query}`)
  const withFirst = `with=${first.jobId}`
  expect(await compare(withFirst)).toEqual({
    items: [
      { what: 'tcp://a.example.org:443', here: null, there: { count: 1, verdicts: ['allowed'] } },
      { what: 'tcp://b.example.org:443', here: { count: 1, verdicts: ['blocked'] }, there: null },
      {
        what: 'tcp://both.example.org:443',
        here: { count: 2, verdicts: ['allowed'] },
        there: { count: 1, verdicts: ['allowed'] },
      },
    ],
    next: null,
    counts: { here: 1, there: 1, both: 1, different: 1 },
    runs: null,
    isWhole: true,
  })
  expect(await compare(`${withFirst}&only=here`)).toMatchObject({
    items: [{ what: 'tcp://b.example.org:443' }],
  })
  expect(await compare(`${withFirst}&limit=1&after=1`)).toMatchObject({
    items: [{ what: 'tcp://b.example.org:443' }],
    next: 2,
  })
  expect(await compare(`${withFirst}&only=different`)).toMatchObject({
    items: [{ what: 'tcp://both.example.org:443' }],
    next: null,
  })
  expect(await compare(`${withFirst}&search=BOTH&limit=1`)).toMatchObject({
    items: [{ what: 'tcp://both.example.org:443' }],
    next: null,
  })
  expect(await compare(`${withFirst}&of=programs`)).toMatchObject({
    items: [{ what: '/usr/bin/node' }, { what: '/usr/bin/npm' }],
  })
  expect(await compare(`${withFirst}&of=files`)).toMatchObject({ counts: { both: 1 } })
  expect(await compare('with=baseline')).toMatchObject({
    runs: 1,
    // It counts runs, and a job attempts.
    counts: { here: 1, there: 1, both: 1, different: 0 },
  })
  const other = await rig.ask(
    'GET',
    `/v1/orgs/acme/jobs/${second.jobId}/comparison?with=${'z'.repeat(20)}`,
    {
      as: rig.acme.keys.viewer,
    },
  )
  expect(other.status).toBe(404)
})
