import { expect, test } from 'vitest'
import { sampleReport } from '../../../events/test/sample-report.ts'
import { connect, request, response } from '../ingest/sample-events.ts'
import { TestAgent } from '../ingest/test-agent.ts'
import { ServerRig } from '../server-rig.ts'

test('each line of a job’s policy says where it comes from, and why is told by it', async () => {
  await using rig = await ServerRig.start()
  const as = rig.acme.keys.admin
  const change = async (method: string, path: string, body: unknown) => {
    const answer = await rig.ask(method, `/v1/orgs/acme/${path}`, { as, body })
    expect(answer.status, JSON.stringify(answer.body)).toBe(200)
  }
  const save = (name: string, lines: string[]) =>
    change('PUT', `policies/${name}`, { text: `${lines.join('\n')}\n`, reason: 'test' })
  await save('base', ['version: 1', 'egress: block'])
  await save('app', ['version: 1', 'allow:', '  - registry.example.org', '  - "*.cdn.example"'])
  await change('POST', 'policy-attachments', { policy: 'base', target: { level: 'organisation' } })
  await change('POST', 'policy-attachments', {
    policy: 'app',
    target: { level: 'repository', repository: 'acme/app' },
  })
  const agent = new TestAgent(rig.url)
  await agent.start(rig.acme.keys.agent)
  // What was saved later does not change what the job was given.
  await save('app', ['version: 1', 'allow: []'])
  await agent.send(
    agent.pack([
      connect(1, { rule: 'job policy:5 registry.example.org:443', reason: 'allowed by a line' }),
      connect(2, { host: 'evil.example.net', verdict: 'blocked', reason: 'no line', rule: null }),
    ]),
  )
  await rig.server.context.ingest.indexer.settled(60_000)
  const get = async (path: string) =>
    (await rig.ask('GET', `/v1/orgs/acme/jobs/${agent.jobId}/${path}`, { as })).body

  const app = { level: 'repository', name: 'app', version: 1 }
  expect(await get('policy')).toMatchObject({
    from: 'store',
    egress: null,
    policies: [app, { level: 'organisation', name: 'base', version: 1 }],
    lines: [
      { text: 'version: 1', source: null },
      { text: 'egress: block', source: null },
      { text: 'fail-mode: closed', source: null },
      { text: 'allow:', source: null },
      { text: '  - "registry.example.org:443"', source: { ...app, line: 3 } },
      { text: '  - "*.cdn.example:443"', source: { ...app, line: 4 } },
    ],
  })
  expect(await get('why?host=registry.example.org&port=443')).toMatchObject({
    recorded: [{ verdict: 'allowed', count: 1, source: { ...app, line: 3 } }],
    explained: { verdict: 'allowed', source: { ...app, line: 3 } },
  })
  expect(await get('why?host=a.cdn.example&port=443')).toMatchObject({
    recorded: [],
    explained: { verdict: 'allowed', source: { ...app, line: 4 } },
  })
  expect(await get('why?host=evil.example.net&port=443')).toMatchObject({
    recorded: [{ verdict: 'blocked', reason: 'no line', source: null }],
    explained: {
      verdict: 'blocked',
      source: null,
      notes: ['to allow it: evil.example.net'],
    },
  })
  expect(await get('why?host=*.example&port=443')).toMatchObject({ error: { code: 'bad-request' } })
})

test('how whole a record is, and what its token needs, is known before the job has finished', async () => {
  await using rig = await ServerRig.start()
  const agent = new TestAgent(rig.url)
  await agent.start(rig.acme.keys.agent)
  const health = {
    scope: 'job',
    execId: null,
    step: null,
    kind: 'agent.health' as const,
    tier: 'T1' as const,
    hooks: [],
    eventsLost: {},
  }
  await agent.send(
    agent.pack([
      { ...health, seq: 1, time: 1000, state: 'armed', detail: 'armed' },
      {
        ...request(2, {
          method: 'POST',
          host: 'api.github.com',
          path: '/repos/acme/app/issues',
          authorization: 'installation',
        }),
      },
      response(3, 2, 201),
      {
        ...health,
        seq: 4,
        time: 2000,
        state: 'lost',
        detail: '2 events were lost',
        eventsLost: { 'file.write': 2 },
      },
    ]),
  )
  await rig.server.context.ingest.indexer.settled(60_000)
  const get = async (path: string) =>
    (
      await rig.ask('GET', `/v1/orgs/acme/jobs/${agent.jobId}/${path}`, {
        as: rig.acme.keys.viewer,
      })
    ).body
  expect(await get('health')).toEqual({
    from: 'events',
    tier: 'T1',
    armedMs: null,
    armedAt: 1000,
    hooks: [],
    eventsLost: { 'file.write': 2 },
    gaps: ['2 events were lost'],
    interrupted: false,
  })
  expect(await get('permissions')).toMatchObject({
    minimumPermissions: expect.stringContaining('issues: write'),
    calls: [{ endpoint: 'POST /repos/{owner}/{repo}/issues', count: 1 }],
    soFar: true,
    isCut: false,
  })
  await agent.finish({
    ...sampleReport,
    minimumPermissions: 'permissions: {}\n',
    health: { ...sampleReport.health, gaps: ['a gap'] },
  })
  expect(await get('health')).toMatchObject({
    from: 'report',
    armedMs: 10,
    armedAt: 1000,
    gaps: ['a gap'],
  })
  expect(await get('permissions')).toMatchObject({
    minimumPermissions: 'permissions: {}\n',
    soFar: false,
  })
})
