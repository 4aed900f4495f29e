import { expect, test } from 'vitest'
import { sampleReport } from '../../../events/test/sample-report.ts'
import { connect, request, response } from '../ingest/sample-events.ts'
import { jobStart, TestAgent } from '../ingest/test-agent.ts'
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

test('what an agent has put in force is shown line by line, while its job runs and after', async () => {
  await using rig = await ServerRig.start()
  const as = rig.acme.keys.admin
  const saved = await rig.ask('PUT', '/v1/orgs/acme/policies/base', {
    as,
    body: { text: 'version: 1\nallow:\n  - a.example.org\n', reason: 'test' },
  })
  expect(saved.status).toBe(200)
  const target = { level: 'organisation' }
  await rig.ask('POST', '/v1/orgs/acme/policy-attachments', {
    as,
    body: { policy: 'base', target },
  })
  const agent = new TestAgent(rig.url)
  await agent.start(rig.acme.keys.agent)
  const get = async (path: string) =>
    (await rig.ask('GET', `/v1/orgs/acme/jobs/${agent.jobId}${path}`, { as })).body
  // What the store has is known before, and not whether it is in force.
  expect(await get('/policy')).toMatchObject({ egress: null, told: [], number: null })
  expect(await get('')).toMatchObject({ egress: null, protection: null, armed: null })

  const text = [
    'version: 1',
    'egress: block',
    'allow:',
    '  - "own.example.org:443" # allowed-endpoints:1:1',
    '  - { endpoint: "a.example.org:443", exe: ["/opt/a # b"] } # base v1 (organisation):3',
    '  - "b.example.org:443" # other v1 (organisation):3',
    'presets: ["sigstore"]',
    '',
  ].join('\n')
  expect(await agent.tell({ text })).toMatchObject({ status: 200, body: { number: 1 } })
  // An answer that was lost: it is said again.
  expect(await agent.tell({ text })).toMatchObject({ status: 200, body: { number: 1 } })
  expect(await get('')).toMatchObject({ egress: 'block', protection: 'armed', armed: true })
  const base = { level: 'organisation', name: 'base', version: 1 }
  expect(await get('/policy')).toMatchObject({
    egress: 'block',
    told: [{ number: 1, at: 1000, egress: 'block', tier: 'T1', otherwise: null }],
    number: 1,
    lines: [
      { text: 'version: 1', from: null, source: null },
      { text: 'egress: block', from: null, source: null },
      { text: 'allow:', from: null, source: null },
      { text: '  - "own.example.org:443"', from: 'allowed-endpoints:1:1', source: null },
      {
        text: '  - { endpoint: "a.example.org:443", exe: ["/opt/a # b"] }',
        source: { ...base, line: 3 },
      },
      // The job was given no policy of that name.
      { text: '  - "b.example.org:443"', from: 'other v1 (organisation):3', source: null },
      { text: 'presets: ["sigstore"]', from: null, source: null },
    ],
  })
  expect(await get('/why?host=own.example.org&port=443')).toMatchObject({
    explained: { verdict: 'allowed', source: null },
  })

  const overview = async () =>
    (await rig.ask('GET', '/v1/orgs/acme/overview', { as })).body as { coverage: unknown }
  expect(await overview()).toMatchObject({ coverage: { blocking: 1, unknown: 0 } })

  const otherwise = 'of the new policy lockdown holds from the next job on'
  await agent.tell({ at: 2000, egress: 'audit', text: 'version: 1\n', otherwise })
  expect(await get('/policy')).toMatchObject({
    egress: 'audit',
    told: [{ number: 2, at: 2000, otherwise }, { number: 1 }],
    number: 2,
    lines: [{ text: 'version: 1' }],
  })
  expect(await get('/policy?number=1')).toMatchObject({ number: 1, lines: { length: 7 } })
  expect(await get('/policy?number=9')).toMatchObject({ error: { code: 'not-found' } })
  expect(await overview()).toMatchObject({ coverage: { blocking: 0, auditing: 1 } })

  for (let more = 3; more <= 30; more++)
    await agent.tell({ text: `version: 1\n# ${more}\n`, egress: 'audit' })
  const { told } = (await get('/policy')) as { told: { number: number }[] }
  expect(told.map(({ number }) => number)).toEqual([30, 29, 28, 27, 26, 25, 24, 23, 22, 1])

  // Too long to be kept, or of a newer agent: there is the mode still, and what the store has.
  await agent.tell({ text: null })
  expect(await get('/policy')).toMatchObject({ egress: 'block', number: null })
  await agent.tell({ text: 'version: 2\n' })
  expect(await get('/policy')).toMatchObject({ lines: [{ text: 'version: 2' }] })
  expect(await get('/why?host=own.example.org&port=443')).toMatchObject({ explained: null })

  await agent.finish({ ...sampleReport, egress: 'block' })
  expect(await agent.tell({ egress: 'audit' })).toMatchObject({
    status: 409,
    body: { error: { code: 'job-finished' } },
  })
  expect(await get('')).toMatchObject({ egress: 'block' })
})

test('a job that runs without protection is seen to, and how long a policy may be is said', async () => {
  await using rig = await ServerRig.start()
  const as = rig.acme.keys.viewer
  const agent = new TestAgent(rig.url)
  await agent.start(rig.acme.keys.agent)
  const large = '"'.repeat(1 << 20)
  expect(await agent.tell({ text: large })).toMatchObject({ status: 200 })
  expect(await agent.tell({ text: `${large}"` })).toMatchObject({ status: 400 })
  expect(await agent.tell({ protection: 'unprotected', tier: 'none' })).toMatchObject({
    status: 200,
  })
  const overview = (await rig.ask('GET', '/v1/orgs/acme/overview', { as })).body
  expect(overview).toMatchObject({
    coverage: { unprotected: 1 },
    unprotected: { newest: [{ id: agent.jobId, protection: 'unprotected' }] },
  })
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
  const hooks = [{ name: 'connect4', tier: 'T0' as const, state: 'active' as const, reason: '' }]
  await agent.send(
    agent.pack([
      { ...health, seq: 1, time: 1000, state: 'armed', detail: 'armed', hooks },
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
    hooks,
    eventsLost: { 'file.write': 2 },
    gaps: ['2 events were lost'],
    interrupted: false,
  })
  // However many gaps there are before it, what was said last holds.
  await agent.send(
    agent.pack([
      ...Array.from({ length: 700 }, (_, i) => ({
        ...health,
        seq: 5 + i,
        time: 3000,
        state: 'gap' as const,
        detail: `gap ${i}`,
      })),
      {
        ...health,
        seq: 800,
        time: 4000,
        state: 'lost',
        detail: '12345 events were lost',
        tier: 'T0',
        eventsLost: { 'file.read': 12345 },
      },
    ]),
  )
  await rig.server.context.ingest.indexer.settled(60_000)
  expect(await get('health')).toMatchObject({
    tier: 'T0',
    armedAt: 1000,
    hooks,
    eventsLost: { 'file.read': 12345 },
    gaps: expect.toSatisfy(
      (gaps: string[]) =>
        gaps.length === 501 && gaps.at(-1) === "202 more are among the job's events alone",
    ),
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

test('a told document that is made to be read slowly keeps nobody waiting', async () => {
  await using rig = await ServerRig.start()
  const as = rig.acme.keys.viewer
  const agent = new TestAgent(rig.url)
  await agent.start(rig.acme.keys.agent)
  await agent.send(
    agent.pack([connect(1, { host: 'a.example.org', rule: 'job policy:1 a.example.org:443' })]),
  )
  await rig.server.context.ingest.indexer.settled(60_000)
  const get = (path: string) => rig.ask('GET', `/v1/orgs/acme/jobs/${agent.jobId}/${path}`, { as })
  const why = 'why?host=a.example.org&port=443'
  // A quote that never ends; and keys that are none, again and again.
  for (const text of [`- "${'\\"'.repeat(500_000)}`, 'a: 1\n'.repeat(60_000)]) {
    expect(await agent.tell({ text })).toMatchObject({ status: 200 })
    expect(await get(why)).toMatchObject({
      status: 200,
      body: { recorded: [{ verdict: 'allowed', source: null }], explained: null },
    })
  }
  // More lines than a policy has: it is not kept.
  const { number } = (await agent.tell({ text: '\n'.repeat(1_000_000) })).body as { number: number }
  expect(number).toBe(3)
  expect((await get('policy')).body).toMatchObject({ number: null, lines: [] })
})

test('a policy of the organisation that is called as the server’s is another one', async () => {
  await using rig = await ServerRig.start()
  const operator = { cookie: rig.cookie, origin: rig.url }
  const put = async (path: string, text: string, who: object) =>
    expect(
      await rig.ask('PUT', `${path}/policies/base`, { ...who, body: { text, reason: 'test' } }),
    ).toMatchObject({ status: 200 })
  await put('/v1/server', 'version: 1\negress: block\n', { headers: operator })
  const agent = new TestAgent(rig.url)
  const asks = { ...jobStart(), policy: { from: 'name' as const, name: 'base' } }
  const { policyVersion } = await agent.start(rig.acme.keys.agent, asks)
  const shown = async () =>
    (
      (
        await rig.ask('GET', `/v1/orgs/acme/jobs/${agent.jobId}/policy`, {
          as: rig.acme.keys.viewer,
        })
      ).body as { policies: unknown[] }
    ).policies
  const servers = { level: 'job', name: 'base', version: 1, text: 'version: 1\negress: block\n' }
  expect(await agent.heartbeat(0)).toMatchObject({ body: { policyVersion } })

  await put('/v1/orgs/acme', 'version: 1\negress: audit\n', { as: rig.acme.keys.editor })
  expect(await shown()).toEqual([servers])
  const { body } = await agent.heartbeat(0)
  expect((body as { policyVersion: string }).policyVersion).not.toBe(policyVersion)
  const own = { ...servers, text: 'version: 1\negress: audit\n' }
  expect((await agent.policies()).body).toMatchObject({ policies: [own] })
  expect(await shown()).toEqual([own])
})
