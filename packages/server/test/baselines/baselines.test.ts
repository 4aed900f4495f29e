import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parsePolicy } from '@runwarden/policy/document'
import { Database } from '../../src/db/database.ts'
import { ServerRig } from '../server-rig.ts'
import { run, window } from './past-runs.ts'

const get = async <T>(rig: ServerRig, path: string): Promise<T> => {
  const { status, body } = await rig.ask('GET', `/v1/orgs/acme/${path}`, {
    as: rig.acme.keys.viewer,
  })
  expect(status, JSON.stringify(body)).toBe(200)
  return body as T
}
interface Baseline {
  runs: number
  settledRuns: number
  state: string
  destinations: { host: string | null; runs: number; first: { jobId: string } }[]
}

test('a baseline holds what the last runs reached, and is stable when nothing new comes', async () => {
  await using rig = await ServerRig.start()
  const first = await run(rig, ['a.example.org', { host: null, address: '198.51.100.4' }])
  await run(rig, ['a.example.org', { host: 'no.example.org', verdict: 'blocked' }])
  await run(rig, ['b.example.org', { host: 'localhost', address: '127.0.0.1' }])
  expect(await get(rig, `baseline?${window}`)).toMatchObject({
    runs: 3,
    settledRuns: 0,
    state: 'unstable',
    destinations: [
      {
        host: 'a.example.org',
        port: 443,
        protocol: 'tcp',
        runs: 2,
        first: { jobId: first },
        programs: [{ exe: '/usr/bin/npm', step: 'build', runs: 2 }],
      },
      { host: null, addresses: ['198.51.100.4'], runs: 1 },
      { host: 'b.example.org', runs: 1 },
    ],
  })
  for (let i = 0; i < 10; i++) await run(rig, ['b.example.org'])
  expect(await get<Baseline>(rig, `baseline?${window}`)).toMatchObject({
    runs: 13,
    settledRuns: 10,
    state: 'stable',
  })
  // The window moves on.
  const newest = await get<Baseline>(rig, `baseline?${window}&runs=5`)
  expect(newest.destinations).toMatchObject([{ host: 'b.example.org', runs: 5 }])
})

test('a window of days has the runs of these days', async () => {
  let now = Date.now()
  await using rig = await ServerRig.start({}, { clock: () => now })
  const hosts = async (query: string) =>
    (await get<Baseline>(rig, `baseline?${query}`)).destinations.map(({ host }) => host).toSorted()
  await run(rig, ['old.example.org'])
  now += 10 * 24 * 3_600_000
  await run(rig, ['new.example.org'])
  expect(await hosts(`${window}&days=7`)).toEqual(['new.example.org'])
  expect(await hosts(`${window}&days=30`)).toEqual(['new.example.org', 'old.example.org'])
  expect(await hosts(`${window}&days=30&runs=1`)).toEqual(['new.example.org'])
})

test('a baseline is of a job, a repository, or the organisation', async () => {
  await using rig = await ServerRig.start()
  const hosts = async (query: string) =>
    (await get<Baseline>(rig, `baseline?${query}`)).destinations.map(({ host }) => host).toSorted()
  await run(rig, ['a.example.org'])
  await run(rig, ['b.example.org'], { job: 'lint' })
  const workflowRef = 'acme/lib/.github/workflows/build.yml@refs/heads/main'
  await run(rig, ['c.example.org'], { repository: 'acme/lib', workflowRef })
  expect(await hosts(window)).toEqual(['a.example.org'])
  expect(await hosts(window.replace('.github/workflows/build.yml', 'build'))).toEqual([
    'a.example.org',
  ])
  expect(await hosts('repository=Acme/App')).toEqual(['a.example.org', 'b.example.org'])
  expect(await hosts('')).toEqual(['a.example.org', 'b.example.org', 'c.example.org'])
  const others = await rig.ask('GET', '/v1/orgs/other/baseline', { as: rig.other.keys.viewer })
  expect(others.body).toMatchObject({ runs: 0, since: null, destinations: [] })
})

test.for([
  ['runs=0', 'runs'],
  ['days=x', 'days'],
  ['repository=x', 'repository'],
  ['repository=acme/app&job=x', 'workflow'],
  ['workflow=x&job=y', 'repository'],
] as const)('what is wrong with a window is told: %s', async ([query, at]) => {
  await using rig = await ServerRig.start()
  const as = rig.acme.keys.viewer
  for (const route of ['baseline', 'recommendation'])
    expect(await rig.ask('GET', `/v1/orgs/acme/${route}?${query}`, { as })).toMatchObject({
      status: 400,
      body: {
        error: { where: [{ in: 'query', at: at === 'workflow' ? expect.any(String) : at }] },
      },
    })
})

test('a destination that none of the last runs reached is a detection', async () => {
  await using rig = await ServerRig.start()
  const found = async () => {
    interface Found {
      items: { title: string; source: string; evidence: number[]; job: { id: string } }[]
    }
    return (await get<Found>(rig, 'detections?detection=new-outbound-destination')).items
  }
  const compared = () =>
    expect
      .poll(() => rig.server.context.db.get('SELECT 1 FROM jobs_to_compare'), { timeout: 60_000 })
      .toBeUndefined()
  for (let i = 0; i < 5; i++) await run(rig, ['a.example.org'])
  await compared()
  expect(await found()).toEqual([])
  const jobId = await run(rig, [
    'a.example.org',
    { host: 'evil.example.net', address: '198.51.100.9' },
    { host: 'refused.example.net', verdict: 'blocked' },
  ])
  // Another job's past is not this one's.
  await run(rig, ['evil.example.net'], { job: 'other' })
  await compared()
  expect(await found()).toMatchObject([
    {
      title: 'A destination that is new for this job: evil.example.net port 443 (tcp)',
      source: 'server',
      evidence: [3],
      about: [{ host: ['evil.example.net'], process: ['/usr/bin/npm'] }],
      job: { id: jobId },
    },
  ])
  // It is known from now on.
  await run(rig, ['evil.example.net'])
  await compared()
  expect(await found()).toHaveLength(1)
  // What can't be compared is told, and keeps no other waiting.
  {
    using index = new Database(join(rig.data, 'index.sqlite'))
    index.run(
      "UPDATE rows SET data = 'none' WHERE job = (SELECT number FROM jobs WHERE id = ?)",
      jobId,
    )
  }
  const uncompared = await run(rig, ['thief.example.net'])
  for (let i = 0; i < 6; i++)
    await run(rig, [i < 5 ? 'a.example.org' : 'new.example.org'], { job: 'third' })
  await compared()
  expect(await found()).toMatchObject([{ title: expect.stringContaining('new.example.org') }, {}])
  expect(await get(rig, 'detections?detection=record-damaged')).toMatchObject({
    items: [
      { title: 'The job could not be held against those before it', job: { id: uncompared } },
    ],
  })
})

test('a job that reaches new places without end is told as one', async () => {
  await using rig = await ServerRig.start()
  for (let i = 0; i < 5; i++) await run(rig, ['a.example.org'])
  await run(
    rig,
    Array.from({ length: 60 }, (_, i) => `h${i}.example.net`),
  )
  await expect
    .poll(async () => (await get<{ items: object[] }>(rig, 'detections?severity=high')).items, {
      timeout: 60_000,
    })
    .toMatchObject([{ title: '60 destinations that are new for this job' }])
  const { items } = await get<{ items: object[] }>(rig, 'detections?limit=500')
  expect(items).toHaveLength(51)
})

test('a policy is recommended with the evidence for each line; hosts that take turns are one', async () => {
  await using rig = await ServerRig.start({}, { clock: () => Date.parse('2026-08-01') })
  const jobs: string[] = []
  for (let i = 1; i <= 6; i++)
    jobs.push(
      await run(rig, [
        'a.example.org',
        `cache-${i}.eu.example.net`,
        // Anyone can get such a name: it stays what it is.
        `results${i}.blob.core.windows.net`,
        { host: `n${i}.example.net`, verdict: 'blocked' },
        // No name alone opens a private address.
        { host: i < 4 ? 'cache.intra.example' : 'cache.example.org', address: '10.1.2.3' },
        ...(i === 1 ? [{ host: 'time.example.org', port: 123, protocol: 'udp' as const }] : []),
      ]),
    )
  const { text, evidence } = await get<{ text: string; evidence: object[] }>(
    rig,
    `recommendation?${window}`,
  )
  expect(text).toMatchInlineSnapshot(`
    "version: 1
    egress: block
    allow:
      - a.example.org # npm; in 6 of 6 runs
      - "cache-*.eu.example.net" # npm; 6 names since 2026-08-01, in 6 of 6 runs
      - cache.example.org # npm; in 3 of 6 runs
      - cache.intra.example # npm; in 3 of 6 runs
      - results1.blob.core.windows.net # npm; in 1 of 6 runs
      - results2.blob.core.windows.net # npm; in 1 of 6 runs
      - results3.blob.core.windows.net # npm; in 1 of 6 runs
      - results4.blob.core.windows.net # npm; in 1 of 6 runs
      - results5.blob.core.windows.net # npm; in 1 of 6 runs
      - results6.blob.core.windows.net # npm; in 1 of 6 runs
      - udp://time.example.org:123 # npm; in 1 of 6 runs
      - 10.1.2.3 # npm; in 6 of 6 runs
    "
  `)
  expect(parsePolicy(text, 'p').rules).toHaveLength(12)
  const ids = jobs.toReversed()
  expect(evidence.slice(0, 2)).toMatchObject([
    {
      host: 'cache-*.eu.example.net',
      runs: 6,
      jobIds: ids,
      first: { jobId: jobs[0] },
      steps: ['build'],
      programs: ['/usr/bin/npm'],
      names: jobs.map((_, i) => `cache-${i + 1}.eu.example.net`),
    },
    { host: 'a.example.org', runs: 6, jobIds: ids, names: [] },
  ])
  expect(evidence).toContainEqual(expect.objectContaining({ host: '10.1.2.3', jobIds: ids }))
})
