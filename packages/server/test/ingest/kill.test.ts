import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { connect, detection, exec, write } from './sample-events.ts'
import { ServerProcess } from './server-process.ts'
import { jobStart, type Packed, TestAgent } from './test-agent.ts'

const kills = 50
const jobs = 3
const eventsOfSegment = 40

test(
  `a server that is killed ${kills} times loses nothing that it acknowledged, and counts nothing twice`,
  { timeout: 3_000_000 },
  async () => {
    const data = mkdtempSync(join(tmpdir(), 'runwarden-killed-'))
    try {
      let server = await ServerProcess.start(data)
      const agents = Array.from({ length: jobs }, () => new TestAgent(server.said.url))
      for (const [i, agent] of agents.entries())
        await agent.start(server.said.agent, jobStart({ runId: String(i + 1) }))
      let acknowledged = 0
      for (let round = 0; round < kills; round++) {
        const over = new AbortController()
        // Counted, not timed: on whatever machine some rounds end in the middle of the first segment, others later.
        const enough = Promise.withResolvers<void>()
        let left = Math.floor(Math.random() * 7)
        if (left === 0) enough.resolve()
        const senders = agents.map(async (agent) => {
          agent.url = server.said.url
          while (!over.signal.aborted) {
            const packed = (waiting.get(agent) ?? next(agent)) as Packed
            waiting.set(agent, packed)
            // No answer, or half of one: it is sent again, byte for byte.
            const answer = await agent.send(packed).catch(() => null)
            if (answer === null) return
            expect(answer).toMatchObject({ status: 200, body: { acknowledged: packed.seq } })
            waiting.delete(agent)
            acknowledged++
            if (--left <= 0) enough.resolve()
          }
        })
        await enough.promise
        await setTimeout(Math.random() * 30)
        await server.kill()
        over.abort()
        await Promise.all(senders)
        server = await server.again(data)
      }
      await using last = server
      for (const agent of agents) {
        agent.url = last.said.url
        const packed = waiting.get(agent)
        if (packed === undefined) continue
        expect(await agent.send(packed)).toMatchObject({ status: 200 })
        acknowledged++
      }
      expect(acknowledged).toBe(agents.reduce((sum, { last: { seq } }) => sum + seq, 0))
      expect(acknowledged).toBeGreaterThan(kills)
      for (const {
        jobId,
        last: { seq },
      } of agents) {
        const path = `/v1/orgs/acme/jobs/${jobId}`
        const summary = () => last.get(path) as Promise<Record<string, unknown>>
        await expect
          .poll(async () => (await summary())['segments'], { timeout: 300_000, interval: 200 })
          .toMatchObject({ acknowledged: seq, indexed: seq, last: seq })
        const events = seq * eventsOfSegment
        expect(await summary()).toMatchObject({
          // One of a segment's, and none of the server's own: no gap, no broken chain, nothing damaged.
          detections: seq,
          totals: {
            events,
            byKind: { 'net.connect': seq, 'file.write': events - 3 * seq },
            byVerdict: { allowed: seq },
            rows: { destinations: 1, processes: seq, files: events - 3 * seq },
          },
        })
        expect(await last.get(`${path}/destinations`)).toMatchObject({ items: [{ count: seq }] })
        expect(await last.get(`${path}/detections?limit=500`)).toMatchObject({
          items: expect.not.arrayContaining([expect.objectContaining({ source: 'server' })]),
        })
      }
      const found = (await last.get('/v1/orgs/acme/search?host=registry.example.org')) as {
        items: { job: { id: string }; count: number }[]
      }
      expect(new Map(found.items.map(({ job, count }) => [job.id, count]))).toEqual(
        new Map(agents.map((agent) => [agent.jobId, agent.last.seq])),
      )
    } finally {
      rmSync(data, { recursive: true, force: true })
    }
  },
)

/** What is not acknowledged yet. */
const waiting = new Map<TestAgent, Packed>()

function next(agent: TestAgent): Packed {
  const from = agent.last.seq * eventsOfSegment + 1
  return agent.pack([
    exec(from, from),
    connect(from + 1),
    detection(from + 2),
    ...Array.from({ length: eventsOfSegment - 3 }, (_, i) =>
      write(from + 3 + i, `/w/${from}/${i}`),
    ),
  ])
}
