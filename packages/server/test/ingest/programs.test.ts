import { expect, test } from 'vitest'
import { ServerRig } from '../server-rig.ts'
import { exec, program } from './sample-events.ts'
import { jobStart, TestAgent } from './test-agent.ts'

const hash = 'd'.repeat(64)
const other = 'e'.repeat(64)
const changed = '1795000000000000000'
const later = '1795000009000000000'

test('jobs that started a program are found by its hash, with how often, and each of its processes says it', async () => {
  await using rig = await ServerRig.start()
  const agent = new TestAgent(rig.url)
  await agent.start(rig.acme.keys.agent, jobStart())
  const first = exec(6, 104)
  await agent.send(
    agent.pack([
      exec(1, 101, { changed }),
      exec(2, 102, { changed }),
      program(3, 101, { changed }),
      exec(4, 103, { changed }),
      // The same file with something else in it, which was not read the first time.
      exec(5, 104, { changed: later }),
      program(6, 104, { changed: later, sha256: null, size: null, unread: 'gone' }),
    ]),
  )
  await agent.send(
    agent.pack([
      exec(7, 105, { changed }),
      exec(8, 106, { changed: later }),
      program(9, 106, { changed: later, sha256: other }),
      // Changed just before: what is told is told of this start.
      exec(10, 107, { time: first.time + 4 }),
      program(11, 107, { time: first.time + 4, sha256: other }),
      exec(12, 108),
    ]),
  )
  await rig.server.context.ingest.indexer.settled(60_000)
  const get = async (path: string) => {
    const { status, body } = await rig.ask('GET', `/v1/orgs/acme/${path}`, {
      as: rig.acme.keys.viewer,
    })
    expect(status, JSON.stringify(body)).toBe(200)
    return (body as { items: unknown[] }).items
  }
  const { jobId } = agent
  expect(await get(`search?hash=${hash}`)).toMatchObject([
    { job: { id: jobId }, count: 4, firstTime: first.time - 5, lastTime: first.time + 1 },
  ])
  expect(await get(`search?hash=${other.toUpperCase()}`)).toMatchObject([
    { job: { id: jobId }, count: 3 },
  ])
  expect(await get(`jobs/${jobId}/programs`)).toMatchObject([
    { path: '/usr/bin/node', sha256: hash, unread: '', size: 5, count: 4 },
    { path: '/usr/bin/node', sha256: other, unread: '', count: 2 },
    { path: '/usr/bin/node', sha256: other, unread: '', count: 1 },
  ])
  const processes = (await get(`jobs/${jobId}/processes`)) as {
    pid: number
    images: { sha256?: string; unread?: string }[]
  }[]
  expect(
    processes.map(({ pid, images: [image] }) => [pid, image?.sha256 ?? image?.unread]),
  ).toEqual([
    [101, hash],
    [102, hash],
    [103, hash],
    [104, 'gone'],
    [105, hash],
    [106, other],
    [107, other],
    [108, undefined],
  ])
})
