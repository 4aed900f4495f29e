import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ServerRig } from '../server-rig.ts'
import { exec, execIdOf, write } from './sample-events.ts'
import { TestAgent } from './test-agent.ts'

const time = 1_795_000_000_000

test('a file is one row, however often and by whom it is written, and whether the server was started again', async () => {
  const data = mkdtempSync(join(tmpdir(), 'runwarden-files-'))
  using _ = { [Symbol.dispose]: () => rmSync(data, { recursive: true, force: true }) }
  const agent = new TestAgent('')
  const many = Array.from({ length: 1500 }, (_unused, i) => write(i + 3, `/w/src/${i}.ts`))
  {
    await using rig = await ServerRig.start({ data })
    agent.url = rig.url
    await agent.start(rig.acme.keys.agent)
    const programs = [exec(1, 100), exec(2, 101, { exe: '/usr/bin/tar' })]
    for (const events of [[...programs, ...many], [write(1600, '/w/src/0.ts')]])
      expect(await agent.send(agent.pack(events))).toMatchObject({ status: 200 })
    await rig.server.context.ingest.indexer.settled(60_000)
  }
  await using rig = await ServerRig.start({ data })
  agent.url = rig.url
  const again = [0, 700, 1499].map((i, n) =>
    write(1700 + n, `/w/src/${i}.ts`, { execId: execIdOf(101) }),
  )
  for (const events of [again, [write(1800, '/w/src/new.ts')]])
    expect(await agent.send(agent.pack(events))).toMatchObject({ status: 200 })
  await rig.server.context.ingest.indexer.settled(60_000)

  const page = async (asked: string) => {
    const path = `/v1/orgs/acme/jobs/${agent.jobId}/files?${asked}`
    const { body } = await rig.ask('GET', path, { as: rig.acme.keys.viewer })
    return body as { items: object[]; next: number | null }
  }
  const [node, tar] = ['/usr/bin/node', '/usr/bin/tar'].map((exe) => ({ exe, step: 'build' }))
  expect(await page('limit=2')).toMatchObject({
    items: [
      {
        n: 1,
        path: '/w/src/0.ts',
        count: 3,
        firstSeq: 3,
        firstTime: time + 3,
        lastTime: time + 1700,
        programs: [node, tar],
      },
      { n: 2, path: '/w/src/1.ts', count: 1, programs: [node] },
    ],
    next: 2,
  })
  expect(await page('limit=1&after=700')).toMatchObject({
    items: [{ n: 701, path: '/w/src/700.ts', count: 2, programs: [node, tar] }],
  })
  expect(await page('after=1499')).toMatchObject({
    items: [
      { n: 1500, path: '/w/src/1499.ts', count: 2 },
      { n: 1501, path: '/w/src/new.ts', count: 1 },
    ],
    next: null,
  })
})

test('files are found by path, by folder and by the beginning of either, with how often and when', async () => {
  const clock = { now: time }
  await using rig = await ServerRig.start({}, { clock: () => clock.now })
  const job = async (...segments: Parameters<TestAgent['pack']>[0][]) => {
    const agent = new TestAgent(rig.url)
    await agent.start(rig.acme.keys.agent)
    for (const events of segments)
      expect(await agent.send(agent.pack(events))).toMatchObject({ status: 200 })
    return agent.jobId
  }
  const first = await job(
    [write(1, '/w/src/a.ts'), write(2, '/w/src/a.ts'), write(3, '/w/src/a"b.ts')],
    [write(1000, '/w/src/a.ts'), write(1001, '/w/src/deep/9')],
  )
  clock.now += 900_000
  const second = await job([write(1, '/w/srcs'), write(2, '/w/src/deep/9')])
  await rig.server.context.ingest.indexer.settled(60_000)
  const found = async (path: string, period = '') => {
    const { body } = await rig.ask(
      'GET',
      `/v1/orgs/acme/search?path=${encodeURIComponent(path)}${period}`,
      { as: rig.acme.keys.viewer },
    )
    const { items } = body as {
      items: { job: { id: string }; count: number; firstTime: number; lastTime: number }[]
    }
    return items.map(({ job: { id }, count, firstTime, lastTime }) => [
      id === first ? 'first' : id === second ? 'second' : id,
      count,
      firstTime - time,
      lastTime - time,
    ])
  }
  expect(await found('/w/src/a.ts')).toEqual([['first', 3, 1, 1000]])
  expect(await found('/w/src/a"b.ts')).toEqual([['first', 1, 3, 3]])
  expect(await found('/w/src/a')).toEqual([])
  expect(await found('/w/src/a*')).toEqual([['first', 4, 1, 1000]])
  expect(await found('/w/src/*')).toEqual([
    ['second', 1, 2, 2],
    ['first', 5, 1, 1001],
  ])
  expect(await found('/w/src*')).toEqual([
    ['second', 2, 1, 2],
    ['first', 5, 1, 1001],
  ])
  // Of the jobs that began then, by the server's clock.
  expect(await found('/w/src/*', `&to=${time}`)).toEqual([['first', 5, 1, 1001]])
  expect(await found('/w/src/a.ts', `&from=${time + 500}`)).toEqual([])
  expect(await found('/w/src/deep/9', `&from=${time + 500}`)).toEqual([['second', 1, 2, 2]])
  expect(await found('/w/src*', '&limit=1')).toEqual([['second', 2, 1, 2]])
})
