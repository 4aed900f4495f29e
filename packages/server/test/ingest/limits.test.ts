import { createConnection } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { constants, createZstdCompress, zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { sampleReport } from '../../../events/test/sample-report.ts'
import { ServerRig } from '../server-rig.ts'
import { write } from './sample-events.ts'
import { jobStart, TestAgent } from './test-agent.ts'

const said = (code: string, message: string) => ({
  error: { code, message: expect.stringContaining(message) },
})

test('segments that are none are refused with why, and cost nothing', async () => {
  await using rig = await ServerRig.start()
  const agent = new TestAgent(rig.url)
  await agent.start(rig.acme.keys.agent)
  const start = agent.last
  const send = (body: Buffer) => {
    agent.last = start
    return agent.send(agent.packRaw(body))
  }

  // 4 GiB, were it unpacked.
  const frame = zstdCompressSync(Buffer.alloc(128 << 20))
  const bomb = Buffer.concat(Array.from({ length: 32 }, () => frame))
  expect(bomb.length).toBeLessThan(1 << 20)
  const before = process.memoryUsage().rss
  const asked = Array.from({ length: 20 }, () => send(bomb))
  for (const answer of await Promise.all(asked))
    expect(answer).toMatchObject({ status: 400, body: said('bad-segment', 'unpacks to more than') })
  expect(process.memoryUsage().rss - before).toBeLessThan(512 << 20)

  // A window that large has to be held while it is unpacked.
  expect(await send(await wideFrame())).toMatchObject({
    status: 400,
    body: said('bad-segment', 'is no zstd'),
  })
  expect(await send(Buffer.from('not packed'))).toMatchObject({
    status: 400,
    body: said('bad-segment', 'is no zstd'),
  })
  expect(await send(frame.subarray(0, 100))).toMatchObject({ status: 400 })
  expect(await send(zstdCompressSync(Buffer.alloc(0)))).toMatchObject({
    status: 400,
    body: said('bad-segment', 'holds nothing'),
  })
  expect(await send(zstdCompressSync(Buffer.alloc(2 << 20, 'a')))).toMatchObject({
    status: 400,
    body: said('bad-segment', 'has a line of more than'),
  })
  expect(await send(Buffer.alloc(5 << 20))).toMatchObject({ status: 413 })

  agent.last = start
  const good = agent.pack([write(1, '/w/a')])
  expect(await agent.send({ ...good, hash: 'f'.repeat(64) })).toMatchObject({
    status: 400,
    body: said('bad-hash', 'damaged'),
  })
  expect(await agent.send({ ...good, hash: 'F' })).toMatchObject({
    status: 400,
    body: said('bad-request', 'headers runwarden-hash'),
  })
  expect(await agent.send({ ...good, body: 'text' as never })).toMatchObject({ status: 400 })
  expect(
    await agent.post(`/v1/jobs/${agent.jobId}/segments/1`, '{}', agent.token, {
      'runwarden-previous': good.previous,
      'runwarden-hash': good.hash,
    }),
  ).toMatchObject({ status: 415, body: said('unsupported-media-type', 'application/zstd') })
  // Nothing of all that was kept.
  expect(await agent.send(good)).toMatchObject({ status: 200, body: { acknowledged: 1 } })
})

const many = (what: string, count: number): string => Array(count).fill(what).join(',')

test('a report of millions of entries is refused before they are looked at, in a thread that only costs its own job', async () => {
  await using rig = await ServerRig.start()
  const agent = new TestAgent(rig.url)
  await agent.start(rig.acme.keys.agent)
  const finish = (part: object, instead: string) =>
    agent.post(
      `/v1/jobs/${agent.jobId}/finish`,
      JSON.stringify({
        sequence: 0,
        hash: '0'.repeat(64),
        exit: 0,
        report: { ...sampleReport, ...part },
      }).replace('"HERE"', () => instead),
      agent.token,
    )
  for (const [part, instead, answer] of [
    // Each of them would be wrong in eight ways.
    [{ detections: ['HERE'] }, many('{}', 1_100_000), said('too-much', 'more than 2000000 values')],
    [{ detections: ['HERE'] }, many('0', 200_000), said('bad-request', 'body report.detections')],
    [
      { health: { ...sampleReport.health, eventsLost: 'HERE' } },
      `{${Array.from({ length: 2000 }, (_, i) => `"${i}":0`).join(',')}}`,
      said('bad-request', 'body report.health.eventsLost: has more than 1000 entries'),
    ],
    [{ processes: ['HERE'] }, many('{"images":[{},{}]}', 20_000), said('bad-request', 'processes')],
    [{ command: ['HERE'], dns: 0 }, many('"a"', 200_000), said('bad-request', 'body report.dns')],
  ] as const)
    expect(await finish(part, instead)).toMatchObject({
      status: answer.error.code === 'too-much' ? 413 : 400,
      body: answer,
    })
  expect(
    await finish({ health: { ...sampleReport.health, gaps: ['HERE'] } }, '"all is well"'),
  ).toMatchObject({ status: 200 })
})

test('bodies that are announced and do not come take no room from other jobs and organisations', async () => {
  await using rig = await ServerRig.start()
  const [slow, same, other] = Array.from({ length: 3 }, () => new TestAgent(rig.url))
  if (slow === undefined || same === undefined || other === undefined) throw new Error('no agents')
  await slow.start(rig.acme.keys.agent)
  await same.start(rig.acme.keys.agent, jobStart({ runId: '2' }))
  const elsewhere = { repository: 'other/app', workflowRef: null }
  await other.start(rig.other.keys.agent, jobStart(elsewhere))
  const refused: string[] = []
  const sockets = await Promise.all(
    Array.from({ length: 40 }, async (_, i) => {
      const socket = createConnection(Number(new URL(rig.url).port), '127.0.0.1')
      socket.on('error', () => undefined).on('data', (data) => refused.push(String(data)))
      socket.write(
        `POST /v1/jobs/${slow.jobId}/segments/${i + 1} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${slow.token}\r\ncontent-type: application/zstd\r\nrunwarden-previous: ${'0'.repeat(64)}\r\nrunwarden-hash: ${'0'.repeat(64)}\r\ncontent-length: ${4 << 20}\r\n\r\n`,
      )
      return socket
    }),
  )
  await expect
    .poll(() => refused.filter((one) => one.includes(' 503 ')).length, { timeout: 60_000 })
    .toBe(38)
  for (const agent of [same, other])
    expect(await agent.send(agent.pack([write(1, '/w/a')]))).toMatchObject({ status: 200 })
  for (const socket of sockets) socket.destroy()
})

/** Its window is 128 MiB. */
async function wideFrame(): Promise<Buffer> {
  const pack = createZstdCompress({ params: { [constants.ZSTD_c_windowLog]: 27 } })
  const packed = buffer(pack)
  for (let i = 0; i < 2; i++) pack.write(Buffer.alloc(1 << 20, '{"a":1}\n'))
  pack.end()
  return packed
}
