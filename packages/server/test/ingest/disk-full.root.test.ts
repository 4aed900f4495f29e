import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import { zstdCompressSync } from 'node:zlib'
import { expect, test, vi } from 'vitest'
import { write } from './sample-events.ts'
import { ServerProcess } from './server-process.ts'
import { jobStart, TestAgent } from './test-agent.ts'

const mebibyte = 1 << 20

test('a full disk is told as such, loses nothing, and is no more once there is room', async () => {
  const data = mkdtempSync(join(tmpdir(), 'runwarden-full-'))
  try {
    // In a mount namespace of its own.
    const mounted = `mount -t tmpfs -o size=16m tmpfs ${data} && exec "$@"`
    await using server = await ServerProcess.start(data, [
      'unshare',
      '-m',
      'sh',
      '-c',
      mounted,
      'sh',
    ])
    const filler = join('/proc', String(server.pid), 'root', data, 'filler')
    const agent = new TestAgent(server.said.url)
    await agent.start(server.said.agent)
    expect(await agent.send(agent.pack([write(1, '/w/a')]))).toMatchObject({ status: 200 })
    // The index is made in a thread of its own, and takes room.
    await vi.waitFor(() => server.get(`/v1/orgs/acme/jobs/${agent.jobId}`), 60_000)

    fill(filler)
    const refused = agent.packRaw(incompressible(2))
    for (let i = 0; i < 3; i++)
      expect(await agent.send(refused)).toMatchObject({
        status: 507,
        body: { error: { code: 'disk-full', message: expect.stringContaining('disk is full') } },
      })
    // What needs the database alone may still have room in its log; it is one or the other.
    const other = new TestAgent(server.said.url)
    const started = await other.post(
      '/v1/jobs',
      JSON.stringify(jobStart({ runId: '2' })),
      server.said.agent,
    )
    expect([200, 507]).toContain(started.status)
    expect(await server.get(`/v1/orgs/acme/jobs/${agent.jobId}`)).toMatchObject({
      segments: { acknowledged: 1 },
    })

    rmSync(filler)
    expect(await agent.send(refused)).toMatchObject({ status: 200, body: { acknowledged: 2 } })
    await expect
      .poll(() => server.get(`/v1/orgs/acme/jobs/${agent.jobId}`), {
        timeout: 60_000,
        interval: 200,
      })
      .toMatchObject({
        detections: 0,
        segments: { acknowledged: 2, indexed: 2 },
        totals: { events: 2001 },
      })
  } finally {
    rmSync(data, { recursive: true, force: true })
  }
})

/** Until there is no room. */
function fill(path: string): void {
  for (let size = mebibyte; size >= 1; size = Math.floor(size / 2)) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(size), { flag: 'a' })
    } catch (error) {
      if ((error as { code?: string }).code !== 'ENOSPC') throw error
    }
  }
}

/** A segment that takes more room than a page or two. */
function incompressible(first: number): Buffer {
  const lines = Array.from(
    { length: 2000 },
    (_, i) => `${JSON.stringify(write(first + i, `/w/${randomUUID()}`))}\n`,
  )
  return zstdCompressSync(lines.join(''))
}
