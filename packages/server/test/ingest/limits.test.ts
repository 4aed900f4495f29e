import { buffer } from 'node:stream/consumers'
import { constants, createZstdCompress, zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { ServerRig } from '../server-rig.ts'
import { write } from './sample-events.ts'
import { TestAgent } from './test-agent.ts'

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

/** Its window is 128 MiB. */
async function wideFrame(): Promise<Buffer> {
  const pack = createZstdCompress({ params: { [constants.ZSTD_c_windowLog]: 27 } })
  const packed = buffer(pack)
  for (let i = 0; i < 2; i++) pack.write(Buffer.alloc(1 << 20, '{"a":1}\n'))
  pack.end()
  return packed
}
