import { expect, test } from 'vitest'
import { ServerRig } from '../server-rig.ts'
import { changed, connect, exec, query, request, write } from './sample-events.ts'
import { jobStart, TestAgent } from './test-agent.ts'

test('which jobs had to do with what, in which period, and only those of one’s own organisation', async () => {
  const clock = { now: 1_795_000_000_000 }
  await using rig = await ServerRig.start({}, { clock: () => clock.now })
  const job = async (key: string, org: string, events: Parameters<TestAgent['pack']>[0]) => {
    const agent = new TestAgent(rig.url)
    await agent.start(key, jobStart({ repository: `${org}/app` }))
    expect(await agent.send(agent.pack(events))).toMatchObject({ status: 200 })
    return agent.jobId
  }
  const { agent: key } = rig.acme.keys
  const first = await job(key, 'acme', [
    exec(1, 100, { exe: '/usr/bin/curl' }),
    connect(2, { host: 'Pkg.Evil.example', address: '198.51.100.9', verdict: 'blocked' }),
    connect(3, { host: 'Pkg.Evil.example', address: '198.51.100.9' }),
    request(4, { method: 'POST' }),
    write(5, '/home/runner/.ssh/id_rsa'),
  ])
  clock.now += 900_000
  const second = await job(key, 'acme', [
    exec(1, 100, { exe: '/opt/curl', time: 1_795_000_900_000 }),
    query(2, { name: 'evil.example' }),
    changed(3, '/w/dist.js'),
    write(4, '/home/runner/.ssh/known_hosts'),
  ])
  await job(rig.other.keys.agent, 'other', [
    exec(1, 100, { exe: '/usr/bin/curl' }),
    connect(2, { host: 'pkg.evil.example', address: '198.51.100.9' }),
    write(3, '/home/runner/.ssh/id_rsa'),
  ])
  await rig.server.context.ingest.indexer.settled(60_000)

  const as = rig.acme.keys.viewer
  const ask = async (asked: Record<string, string>) => {
    const { status, body } = await rig.ask(
      'GET',
      `/v1/orgs/acme/search?${new URLSearchParams(asked).toString()}`,
      {
        as,
      },
    )
    expect(status, JSON.stringify(body)).toBe(200)
    return body as { items: { job: { id: string } }[]; next: number | null }
  }
  const jobs = async (asked: Record<string, string>) =>
    (await ask(asked)).items.map(({ job: { id } }) => id)

  expect(await ask({ host: 'pkg.evil.example' })).toMatchObject({
    items: [{ job: { id: first }, count: 2, verdicts: ['allowed', 'blocked'] }],
    next: null,
  })
  expect(await jobs({ host: 'evil.example' })).toEqual([second])
  expect(await jobs({ host: '*.evil.example' })).toEqual([first])
  expect(await jobs({ host: 'vil.example' })).toEqual([])
  expect(await jobs({ address: '198.51.100.9' })).toEqual([first])
  expect(await jobs({ address: '198.51.*' })).toEqual([first])
  expect(await jobs({ exe: 'curl' })).toEqual([second, first])
  expect(await jobs({ exe: '/usr/bin/curl' })).toEqual([first])
  expect(await jobs({ exe: 'url' })).toEqual([])
  expect(await jobs({ hash: 'b'.repeat(64) })).toEqual([second])
  expect(await jobs({ path: '/home/runner/.ssh/*' })).toEqual([second, first])
  expect(await jobs({ path: '/home/runner/.ssh/id_rsa' })).toEqual([first])
  expect(await jobs({ api: 'POST api.example.org/repos/acme/app' })).toEqual([first])
  expect(await jobs({ api: 'GET api.example.org/repos/acme/app' })).toEqual([])
  expect(await jobs({ api: 'api.example.org/repos/acme/app' })).toEqual([first])
  expect(await jobs({ api: 'api.example.org/repos/acme' })).toEqual([])
  expect(await jobs({ api: 'POST api.example.org/repos/*' })).toEqual([first])
  expect(await jobs({ api: 'GET api.example.org/repos/*' })).toEqual([])

  expect(await jobs({ exe: 'curl', from: '1795000900000' })).toEqual([second])
  expect(await jobs({ exe: 'curl', to: '1795000100000' })).toEqual([first])
  const page = await ask({ exe: 'curl', limit: '1' })
  expect(page.items).toMatchObject([{ job: { id: second } }])
  expect(await jobs({ exe: 'curl', limit: '1', after: String(page.next) })).toEqual([first])

  for (const bad of [
    'host=*',
    'host=a.*',
    'exe=*',
    'path=/*',
    'hash=1',
    'api=x',
    'limit=1',
    'exe=a&path=b',
  ])
    expect(await rig.ask('GET', `/v1/orgs/acme/search?${bad}`, { as }), bad).toMatchObject({
      status: 400,
      body: { error: { code: 'bad-request' } },
    })

  // A job that is removed is found no more, and its words are forgotten.
  const { ingest } = rig.server.context
  await ingest.remove(first)
  const index = await ingest.indexer.index()
  await expect
    .poll(() => index.get('SELECT 1 FROM jobs WHERE id = ?', first), { timeout: 60_000 })
    .toBe(undefined)
  expect(await jobs({ exe: 'curl' })).toEqual([second])
  expect(
    index.get("SELECT 1 FROM terms WHERE organisation = 1 AND value = '/home/runner/.ssh/id_rsa'"),
  ).toBe(undefined)
  expect(await rig.ask('GET', `/v1/orgs/acme/jobs/${first}`, { as })).toMatchObject({ status: 404 })
})
