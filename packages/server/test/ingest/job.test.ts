import { expect, test } from 'vitest'
import { ServerRig } from '../server-rig.ts'
import {
  connect,
  detection,
  exec,
  execIdOf,
  exit,
  flow,
  query,
  request,
  response,
  write,
} from './sample-events.ts'
import { sampleReport } from '../../../events/test/sample-report.ts'
import { jobStart, TestAgent } from './test-agent.ts'

test('a job, from its start to its report', async () => {
  await using rig = await ServerRig.start()
  const agent = new TestAgent(rig.url)
  const started = await agent.start(rig.acme.keys.agent)
  expect(started).toMatchObject({
    policies: [],
    insightsUrl: `${rig.url}/github/acme/app/actions/runs/4711`,
    skip: null,
  })
  const first = agent.pack([
    exec(1, 100),
    query(2),
    connect(3),
    connect(4, {
      host: 'evil.example.net',
      address: '198.51.100.9',
      verdict: 'blocked',
      rule: 'p:3',
    }),
    request(5),
    write(6, '/w/a.txt'),
    detection(7),
  ])
  expect(await agent.send(first)).toMatchObject({ status: 200, body: { acknowledged: 1 } })
  // A lost answer: the same again.
  expect(await agent.send(first)).toMatchObject({ status: 200, body: { acknowledged: 1 } })
  const second = agent.pack([
    response(8, 5, 404),
    connect(9),
    flow(10),
    write(11, '/w/a.txt'),
    exit(12, 100),
  ])
  expect(await agent.send(second)).toMatchObject({ status: 200, body: { acknowledged: 2 } })
  expect(await agent.heartbeat()).toMatchObject({
    status: 200,
    body: { policyVersion: started.policyVersion, blockListVersion: expect.any(String) },
  })
  expect(await agent.finish(sampleReport)).toMatchObject({
    status: 200,
    body: { insightsUrl: started.insightsUrl },
  })

  await rig.server.context.ingest.indexer.settled(60_000)
  const as = rig.acme.keys.viewer
  const get = async (view: string): Promise<unknown> => {
    const { status, body } = await rig.ask('GET', `/v1/orgs/acme/jobs/${agent.jobId}${view}`, {
      as,
    })
    expect(status, view).toBe(200)
    return body
  }
  expect(await get('')).toMatchObject({
    id: agent.jobId,
    repository: 'acme/app',
    runId: '4711',
    state: 'finished',
    proven: false,
    exit: 0,
    detections: 1,
    hasReport: true,
    tampered: false,
    interrupted: false,
    segments: { acknowledged: 2, indexed: 2, last: 2 },
    totals: {
      events: 12,
      byKind: { 'net.connect': 3, 'file.write': 2 },
      byVerdict: { allowed: 4, blocked: 1 },
      rows: { destinations: 2, dns: 1, http: 1, files: 1, processes: 1 },
      notUnderstood: 0,
    },
  })
  expect(await get('/report')).toEqual(sampleReport)
  expect(await get('/destinations')).toMatchObject({
    items: [
      {
        n: 1,
        host: 'registry.example.org',
        addresses: ['192.0.2.7'],
        count: 2,
        bytesOut: 1000,
        programs: [{ exe: '/usr/bin/node', step: 'build' }],
        processes: [{ execId: execIdOf(100), exe: '/usr/bin/node', step: 'build' }],
      },
      { n: 2, host: 'evil.example.net', verdict: 'blocked', rule: 'p:3' },
    ],
    next: null,
  })
  expect(await get('/destinations?limit=1')).toMatchObject({ items: [{ n: 1 }], next: 1 })
  expect(await get('/destinations?limit=1&after=1')).toMatchObject({
    items: [{ n: 2 }],
    next: null,
  })
  expect(await get('/destinations?verdict=blocked')).toMatchObject({ items: [{ n: 2 }] })
  expect(await get('/dns')).toMatchObject({ items: [{ name: 'registry.example.org' }] })
  expect(await get('/http')).toMatchObject({
    items: [{ path: '/repos/acme/app', statuses: { 404: 1 }, responseBytes: 200 }],
  })
  expect(await get('/files')).toMatchObject({ items: [{ path: '/w/a.txt', count: 2 }] })
  expect(await get('/processes')).toMatchObject({
    items: [{ pid: 100, code: 0, images: [{ exe: '/usr/bin/node' }] }],
  })
  expect(await get('/detections')).toMatchObject({
    items: [{ rule: 'domain-blocked', source: 'agent', evidence: [1] }],
  })
  const timeline = (await get('/timeline?limit=8')) as { items: { seq: number }[]; next: string }
  expect(timeline.items.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  expect(await get(`/timeline?after=${timeline.next}`)).toMatchObject({
    items: [{ seq: 9 }, { seq: 10 }, { seq: 11 }, { seq: 12 }],
    next: null,
  })
  expect(await get('/timeline?kinds=http.response,dns.query')).toMatchObject({
    items: [{ seq: 2 }, { seq: 8 }],
  })
  expect(await get('/timeline?from=11')).toMatchObject({ items: [{ seq: 11 }, { seq: 12 }] })
  expect(
    await rig.ask('GET', '/v1/orgs/acme/jobs?repository=acme/app&run=4711', { as }),
  ).toMatchObject({
    body: { items: [{ id: agent.jobId }], next: null },
  })
})

test('a start whose answer was lost is the same job; jobs of a matrix on runners of one name are not', async () => {
  await using rig = await ServerRig.start()
  const start = (nonce?: string, given: Parameters<typeof jobStart>[0] = {}) =>
    new TestAgent(rig.url)
      .start(rig.acme.keys.agent, { ...jobStart(given), ...(nonce === undefined ? {} : { nonce }) })
      .then(({ jobId }) => jobId)
  const [mine, ofMatrix] = ['a'.repeat(16), 'b'.repeat(16)]
  const id = await start(mine)
  expect(await start(mine)).toBe(id)
  const others = [
    await start(ofMatrix),
    await start(),
    await start(),
    await start(mine, { runId: '4712' }),
  ]
  expect(new Set([id, ...others]).size).toBe(5)
  // What has finished does not begin again, and a nonce is its organisation's.
  const agent = new TestAgent(rig.url)
  const nonce = 'c'.repeat(16)
  const { jobId } = await agent.start(rig.acme.keys.agent, { ...jobStart(), nonce })
  await agent.finish(sampleReport)
  expect(await start(nonce)).not.toBe(jobId)
  const theirs = new TestAgent(rig.url)
  const other = await theirs.start(rig.other.keys.agent, {
    ...jobStart({ repository: 'other/app' }),
    nonce: mine,
  })
  expect(other.jobId).not.toBe(id)
})

test('a name that leads elsewhere in a path is no job’s', async () => {
  await using rig = await ServerRig.start()
  for (const given of [{ repository: 'acme/..' }, { repository: 'acme/.' }, { runId: '..' }])
    expect(
      await rig.ask('POST', '/v1/jobs', { as: rig.acme.keys.agent, body: jobStart(given) }),
    ).toMatchObject({ status: 400, body: { error: { code: 'bad-request' } } })
})

test('starts that come at once, some twice, are as many jobs as there are nonces', async () => {
  await using rig = await ServerRig.start()
  const nonces = Array.from({ length: 20 }, (_, i) => `nonce-of-a-start-${i % 10}`)
  const started = await Promise.all(
    nonces.map((nonce) =>
      new TestAgent(rig.url).start(rig.acme.keys.agent, { ...jobStart(), nonce }),
    ),
  )
  expect(new Set(started.map(({ jobId }) => jobId)).size).toBe(10)
})
