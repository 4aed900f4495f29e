import { expect, test } from 'vitest'
import { sampleReport } from '../../../events/test/sample-report.ts'
import { connect, exec, execIdOf, write } from '../ingest/sample-events.ts'
import { jobStart, TestAgent } from '../ingest/test-agent.ts'
import { ServerRig } from '../server-rig.ts'

test('machines with agents are listed once, each with what its last job said', async () => {
  await using rig = await ServerRig.start()
  const job = async (name: string, runId: string) => {
    const agent = new TestAgent(rig.url)
    const start = jobStart({ runId })
    await agent.start(rig.acme.keys.agent, { ...start, runner: { ...start.runner, name } })
    return agent
  }
  const first = await job('one', '1')
  await first.finish(sampleReport)
  const second = await job('one', '2')
  const third = await job('two', '3')
  const get = async (query = '') =>
    (await rig.ask('GET', `/v1/orgs/acme/agents${query}`, { as: rig.acme.keys.viewer })).body
  expect(await get()).toMatchObject({
    items: [
      { id: third.jobId, runnerName: 'two', jobs: 1, version: null },
      {
        id: second.jobId,
        runnerName: 'one',
        runnerEnvironment: 'github-hosted',
        jobs: 2,
        version: '0.1.0',
        lastSeen: expect.any(Number),
      },
    ],
    next: null,
  })
  expect(await get('?limit=1')).toMatchObject({ items: [{}], next: third.jobId })
  expect(await get(`?after=${third.jobId}`)).toMatchObject({ items: [{ runnerName: 'one' }] })
})

test('views show the rows of a step, those with a text, and the timeline those of a process', async () => {
  await using rig = await ServerRig.start()
  const agent = new TestAgent(rig.url)
  await agent.start(rig.acme.keys.agent)
  await agent.send(
    agent.pack([
      connect(1, { host: 'a.example.org', step: 'install' }),
      connect(2, { host: 'b.example.org', step: 'build', execId: execIdOf(200) }),
      connect(3, { host: 'c.example.net', step: 'build' }),
      write(4, '/w/Ä', { step: 'install' }),
      write(5, '/w/b'),
    ]),
  )
  await rig.server.context.ingest.indexer.settled(60_000)
  const get = async (path: string) =>
    (
      await rig.ask('GET', `/v1/orgs/acme/jobs/${agent.jobId}/${path}`, {
        as: rig.acme.keys.viewer,
      })
    ).body as { items: { host?: string; path?: string; seq?: number }[]; next: number | null }
  const hosts = async (query: string) =>
    (await get(`destinations?${query}`)).items.map(({ host }) => host)
  expect(await hosts('step=build')).toEqual(['b.example.org', 'c.example.net'])
  expect(await hosts('search=EXAMPLE.ORG')).toEqual(['a.example.org', 'b.example.org'])
  expect(await hosts('step=build&search=example.org')).toEqual(['b.example.org'])
  // Not the names of its fields.
  expect(await hosts('search=protocol')).toEqual([])
  const first = await get('destinations?search=example.org&limit=1')
  expect(first).toMatchObject({ items: [{ host: 'a.example.org' }], next: 1 })
  expect(await hosts(`search=example.org&limit=1&after=${first.next}`)).toEqual(['b.example.org'])
  expect(await get('files?search=ä')).toMatchObject({ items: [{ path: '/w/Ä' }], next: null })
  expect((await get('timeline?step=install')).items.map(({ seq }) => seq)).toEqual([1, 4])
  expect((await get(`timeline?execId=${execIdOf(200)}`)).items).toMatchObject([{ seq: 2 }])
})

test('of hundreds of files those with a text are found, also where only who came later has it', async () => {
  await using rig = await ServerRig.start()
  const agent = new TestAgent(rig.url)
  await agent.start(rig.acme.keys.agent)
  const send = async (events: Parameters<TestAgent['pack']>[0]) => {
    await agent.send(agent.pack(events))
    await rig.server.context.ingest.indexer.settled(60_000)
  }
  const files = Array.from({ length: 1500 }, (_, n) => write(2 + n, `/w/${n}.txt`))
  await send([exec(1, 100, { exe: '/usr/bin/node' }), ...files, write(1502, '/w/a "Quoted" name')])
  await send([
    exec(1600, 200, { exe: '/usr/bin/later' }),
    write(1601, '/w/700.txt', { execId: execIdOf(200), step: 'deploy' }),
  ])
  const paths = async (query: string) => {
    const { body } = await rig.ask('GET', `/v1/orgs/acme/jobs/${agent.jobId}/files?${query}`, {
      as: rig.acme.keys.viewer,
    })
    return (body as { items: { path: string }[] }).items.map(({ path }) => path)
  }
  expect(await paths('search=/w/1499')).toEqual(['/w/1499.txt'])
  expect(await paths('search=LATER')).toEqual(['/w/700.txt'])
  expect(await paths('step=deploy&search=700')).toEqual(['/w/700.txt'])
  expect(await paths(`search=${encodeURIComponent('a "quoted"')}`)).toEqual(['/w/a "Quoted" name'])
  // Neither the names of its fields, nor what is written around them.
  expect(await paths('search=path')).toEqual([])
  expect(await paths(`search=${encodeURIComponent('","')}`)).toEqual([])
})

test('how long jobs are kept is readable; sessions can be ended by whose they are', async () => {
  await using rig = await ServerRig.start({ retentionDays: 30 })
  const { auth } = rig.server.context
  const agent = new TestAgent(rig.url)
  await agent.start(rig.acme.keys.agent)
  await agent.send(agent.pack([connect(1)]))
  expect(
    await rig.ask('GET', '/v1/orgs/acme/retention', { as: rig.acme.keys.viewer }),
  ).toMatchObject({ body: { days: 30, size: 0, jobs: 1, used: expect.any(Number) } })

  const user = auth.ensureUser('local', 'someone', 'someone')
  const cookie = `runwarden-session=${auth.createSession(user)}`
  const other = `runwarden-session=${auth.createSession(user)}`
  const sessions = async (by: string) =>
    (
      (await rig.ask('GET', '/v1/me/sessions', { headers: { cookie: by } })).body as {
        items: { id: string; isCurrent: boolean }[]
      }
    ).items
  const all = await sessions(cookie)
  expect(all.map(({ isCurrent }) => isCurrent).toSorted()).toEqual([false, true])
  const elsewhere = all.find(({ isCurrent }) => !isCurrent)?.id ?? ''
  const end = (by: string) =>
    rig.ask('DELETE', `/v1/me/sessions/${elsewhere}`, { headers: { cookie: by, origin: rig.url } })
  expect(await end(rig.cookie)).toMatchObject({ status: 404 })
  expect(await end(cookie)).toMatchObject({ status: 204 })
  expect(await rig.ask('GET', '/v1/me', { headers: { cookie: other } })).toMatchObject({
    status: 401,
  })
  expect(await sessions(cookie)).toMatchObject([{ isCurrent: true }])
})
