import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { sampleReport } from '../../../events/test/sample-report.ts'
import { Database } from '../../src/db/database.ts'
import { ServerRig } from '../server-rig.ts'
import { connect, detection, exec, flow, request, response, write } from './sample-events.ts'
import { jobStart, TestAgent } from './test-agent.ts'

const most = Number.MAX_SAFE_INTEGER
const now = Date.now()

/** What whoever has the token of one job can send in its agent's name. */
const lines = (...all: readonly (string | object)[]): Buffer =>
  zstdCompressSync(
    all.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join('\n'),
  )
const repeated = (text: string, bytes: number): string =>
  Array.from({ length: Math.floor(bytes / (text.length + 1)) }, () => text).join(',')
const head = '"time":1,"scope":"job","execId":null,"step":null'
const cutHalf = 'a'.repeat(4095)
const hostile: Readonly<Record<string, Buffer>> = {
  'keys that are one in UTF-8': lines(
    exec(1, 100, { execId: '\ud800' }),
    exec(2, 101, { execId: '\ud801' }),
    // By the place where they are cut.
    exec(3, 102, { execId: `${cutHalf}\u{10000}b`, cwd: cutHalf }),
    exec(4, 103, { execId: `${cutHalf}\u{1f600}b`, cwd: cutHalf }),
  ),
  'sums that no integer holds': lines(
    ...Array.from({ length: 1100 }, (_, i) => connect(10 + i, { time: now, count: most })),
    flow(1200, { bytesOut: most }),
    flow(1201, { bytesOut: most }),
  ),
  'numbers that are none': lines(
    flow(2001, { bytesOut: 1e308 }),
    connect(2002, { time: 1e18 }),
    detection(2003, { time: 1e18 }),
    request(2004),
    response(2005, 2004, 2 ** 40),
  ),
  'more faults than there is memory for': lines(
    `{"seq":3001,"kind":"agent.health","hooks":[${repeated('{}', 1_000_000)}],${head}}`,
    ...Array.from({ length: 4 }, () =>
      JSON.stringify(exec(3002, 100)).replace(
        /"argv":\[[^\]]*\]/,
        `"argv":[${repeated('0', 1_000_000)}]`,
      ),
    ),
  ),
  'JSON that is nested without end': lines(
    `{"seq":3101,"kind":"moon.phase",${head},"x":${'['.repeat(400_000)}${']'.repeat(400_000)}}`,
    `{"seq":3102,"kind":"moon.phase",${head},"x":${'["\\ud800",'.repeat(90_000)}1${']'.repeat(90_000)}}`,
  ),
  'a line that names its seq again and again': lines(
    `{${repeated('"seq":4001', 1_000_000)},"kind":"moon.phase",${head}}`,
    detection(4002, { evidence: [4001] }),
  ),
  'evidence that is long': lines(
    ...Array.from({ length: 14 }, (_, i) => write(5001 + i, `/${'a'.repeat(1_040_000)}`)),
    ...Array.from({ length: 40 }, (_, i) =>
      detection(5101 + i, {
        evidence: Array.from({ length: 14 }, (_, k) => 5001 + k),
        id: cutHalf,
      }),
    ),
  ),
}

test('what one job sends breaks nothing of others, nor what its organisation sees', async () => {
  await using rig = await ServerRig.start()
  const agent = new TestAgent(rig.url)
  await agent.start(rig.acme.keys.agent)
  for (const [what, body] of Object.entries(hostile))
    expect(await agent.send(agent.packRaw(body)), what).toMatchObject({ status: 200 })
  const start = agent.last
  expect(await agent.send(agent.packRaw(zstdCompressSync('{}\n'.repeat(200_000))))).toMatchObject({
    status: 400,
    body: { error: { message: expect.stringContaining('has more than 131072 lines') } },
  })
  agent.last = start
  expect(await agent.tell({ at: most })).toMatchObject({ status: 400 })
  expect(await agent.finish(sampleReport)).toMatchObject({ status: 200 })

  const other = new TestAgent(rig.url)
  await other.start(
    rig.other.keys.agent,
    jobStart({ repository: 'other/app', workflowRef: 'other/app/.github/workflows/a.yml@main' }),
  )
  await other.send(other.pack([connect(1), detection(2)]))
  await rig.server.context.ingest.indexer.settled(60_000)
  const ask = async (path: string, tenant = rig.acme): Promise<never> => {
    const { status, body } = await rig.ask('GET', `/v1/orgs/${tenant.name}${path}`, {
      as: tenant.keys.viewer,
    })
    expect(status, `${path}: ${JSON.stringify(body).slice(0, 300)}`).toBe(200)
    return body as never
  }
  expect(await ask(`/jobs/${other.jobId}`, rig.other)).toMatchObject({ segments: { indexed: 1 } })
  expect(await ask('/detections', rig.other)).toMatchObject({ items: [{ about: [{}] }] })

  const job = `/jobs/${agent.jobId}`
  const recommended = '?repository=acme/app&workflow=.github/workflows/build.yml&job=test'
  for (const path of [
    '/jobs',
    '/runs',
    '/overview',
    '/repositories',
    '/search?host=registry.example.org',
    `/baseline${recommended}`,
    `/recommendation${recommended}`,
    `/runs/${agent.jobId}`,
    job,
    `${job}/files`,
    `${job}/timeline`,
  ])
    await ask(path)
  expect(await ask('/destinations')).toMatchObject({
    items: expect.arrayContaining([expect.objectContaining({ calls: most })]),
  })
  expect(await ask(`${job}/destinations`)).toMatchObject({
    items: [{ count: most, bytesOut: most }],
  })
  expect(await ask(`${job}/http`)).toMatchObject({ items: [{ statuses: {} }] })
  expect(await ask(`${job}/processes`)).toMatchObject({ items: { length: 2 } })
  const found = await ask('/detections?limit=500')
  expect(JSON.stringify(found).length).toBeLessThan(4 << 20)
  const { items } = found as { items: { title: string; time: number }[] }
  expect(items.filter(({ time }) => Number.isNaN(new Date(time).getTime()))).toEqual([])
  expect(items.map(({ title }) => title)).toContain("A part of the job's record can't be read")
})

test('what SQLite does not take of one segment keeps no other waiting', async () => {
  await using rig = await ServerRig.start()
  const { indexer } = rig.server.context.ingest
  await indexer.index()
  {
    // Stands for a constraint that nobody thought of.
    using index = new Database(join(rig.data, 'index.sqlite'))
    index.exec(
      `CREATE TRIGGER poison BEFORE INSERT ON segments WHEN NEW.events = 3 BEGIN SELECT raise(ABORT, 'poison'); END`,
    )
  }
  const agent = new TestAgent(rig.url)
  await agent.start(rig.acme.keys.agent)
  await agent.send(agent.pack([write(1, '/w/a'), write(2, '/w/b'), write(3, '/w/c')]))
  await agent.send(agent.pack([write(4, '/w/d')]))
  await indexer.settled(60_000)
  const { body } = await rig.ask('GET', `/v1/orgs/acme/jobs/${agent.jobId}/detections`, {
    as: rig.acme.keys.viewer,
  })
  expect(body).toMatchObject({
    items: [
      {
        rule: 'record-damaged',
        text: expect.stringContaining("Segment 1 of the job's events can't be indexed (poison)"),
      },
    ],
  })
  expect(indexer.behind()).toBe(0)
})

test('a job that makes many cheap detections does not crowd out its worst', async () => {
  await using rig = await ServerRig.start()
  const agent = new TestAgent(rig.url)
  await agent.start(rig.acme.keys.agent)
  const summary = async (): Promise<unknown> => {
    await rig.server.context.ingest.indexer.settled(60_000)
    const job = `/v1/orgs/acme/jobs/${agent.jobId}`
    return (await rig.ask('GET', job, { as: rig.acme.keys.viewer })).body
  }
  const cheap = Array.from({ length: 2100 }, (_, i) => detection(1 + i, { severity: 'low' }))
  await agent.send(agent.pack([...cheap, detection(2200, { severity: 'critical' })]))
  expect(await summary()).toMatchObject({ detections: 1001, tampered: false })

  const grave = Array.from({ length: 1000 }, (_, i) =>
    detection(2201 + i, { id: 'reverse-shell', severity: 'critical' }),
  )
  const search = detection(3300, { id: 'agent-tampered', severity: 'info' })
  await agent.send(agent.pack([...grave, search]))
  expect(await summary()).toMatchObject({ detections: 2001, tampered: false })
  await agent.send(agent.pack([detection(3400, { id: 'agent-tampered', severity: 'critical' })]))
  expect(await summary()).toMatchObject({ detections: 2002, tampered: true })
})
