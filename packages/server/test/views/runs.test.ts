import { expect, test } from 'vitest'
import { sampleReport } from '../../../events/test/sample-report.ts'
import { connect, detection, exec } from '../ingest/sample-events.ts'
import { jobStart, TestAgent } from '../ingest/test-agent.ts'
import { ServerRig } from '../server-rig.ts'

type Start = Parameters<typeof jobStart>[0]

test('jobs of one attempt are one run, and filters ask for a job like that', async () => {
  await using rig = await ServerRig.start()
  const as = rig.acme.keys.viewer
  const job = async (start: Start, events: Parameters<TestAgent['pack']>[0] = []) => {
    const agent = new TestAgent(rig.url)
    await agent.start(rig.acme.keys.agent, jobStart(start))
    if (events.length > 0)
      expect(await agent.send(agent.pack(events))).toMatchObject({ status: 200 })
    return agent
  }
  const ask = async (query: Record<string, string>) => {
    const { status, body } = await rig.ask(
      'GET',
      `/v1/orgs/acme/runs?${new URLSearchParams(query).toString()}`,
      { as },
    )
    expect(status, JSON.stringify(body)).toBe(200)
    return body as { items: { id: string; runId: string }[]; next: string | null }
  }
  const runs = async (query: Record<string, string> = {}) =>
    (await ask(query)).items.map(({ id }) => id)

  const lint = await job({ runId: '1', job: 'lint' })
  const other = await job({ runId: '2', ref: 'refs/heads/dev', workflow: 'nightly' })
  const test_ = await job({ runId: '1', job: 'test' }, [
    exec(1, 100),
    connect(2, { host: 'evil.example.net', verdict: 'blocked' }),
    detection(3, { severity: 'high' }),
  ])
  const again = await job({ runId: '1', runAttempt: '2' }, [connect(1)])
  const alone = await job({ runId: null, repository: null })
  const alone2 = await job({ runId: null, repository: null, job: 'second' })
  await lint.finish(sampleReport)
  await test_.finish({ ...sampleReport, egress: 'block' })
  await rig.server.context.ingest.indexer.settled(60_000)

  const [first, second, third] = [alone2.jobId, alone.jobId, again.jobId]
  expect(await runs()).toEqual([first, second, third, other.jobId, lint.jobId])
  const page = await ask({ limit: '3' })
  expect(page.items.map(({ id }) => id)).toEqual([first, second, third])
  expect(await runs({ limit: '3', after: page.next ?? '' })).toEqual([other.jobId, lint.jobId])
  expect((await ask({ run: '1', attempt: '1' })).items).toMatchObject([
    {
      id: lint.jobId,
      repository: 'acme/app',
      runId: '1',
      runAttempt: '1',
      jobs: 2,
      state: 'finished',
      failed: 0,
      egress: ['audit', 'block'],
      calls: { allowed: 0, blocked: 1, 'would-block': 0, 'attack-blocked': 0 },
      severities: { high: 1 },
      finishedAt: expect.any(Number),
    },
  ])
  expect(await runs({ verdict: 'blocked' })).toEqual([lint.jobId])
  expect(await runs({ verdict: 'attack-blocked' })).toEqual([])
  expect(await runs({ verdict: 'allowed' })).toEqual([again.jobId])
  expect(await runs({ detection: 'domain-blocked' })).toEqual([lint.jobId])
  expect(await runs({ severity: 'high' })).toEqual([lint.jobId])
  expect(await runs({ severity: 'low' })).toEqual([])
  expect(await runs({ detection: 'domain-blocked', severity: 'low' })).toEqual([])
  expect(await runs({ egress: 'audit' })).toEqual([lint.jobId])
  expect(await runs({ state: 'finished' })).toEqual([lint.jobId])
  expect(await runs({ state: 'running', repository: 'ACME/app' })).toEqual([
    again.jobId,
    other.jobId,
  ])
  expect(await runs({ ref: 'refs/heads/dev' })).toEqual([other.jobId])
  expect(await runs({ workflow: 'nightly' })).toEqual([other.jobId])
  expect(await runs({ to: '1' })).toEqual([])

  const { body } = await rig.ask('GET', `/v1/orgs/acme/runs/${test_.jobId}`, { as })
  expect(body).toMatchObject({
    run: { id: lint.jobId, jobs: 2 },
    items: [
      { id: lint.jobId, job: 'lint', egress: 'audit', protection: 'armed', calls: { blocked: 0 } },
      {
        id: test_.jobId,
        job: 'test',
        egress: 'block',
        calls: { blocked: 1 },
        severities: { high: 1 },
      },
    ],
    next: null,
  })
  expect(await rig.ask('GET', `/v1/orgs/acme/runs/${alone.jobId}`, { as })).toMatchObject({
    body: { run: { jobs: 1 }, items: [{ id: alone.jobId }] },
  })
})
