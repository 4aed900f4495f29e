import type { Event } from '../packages/events/src/index.ts'
import { connect, execIdOf, query } from '../packages/server/test/ingest/sample-events.ts'
import { sampleReport } from '../packages/events/test/sample-report.ts'
import { eventsOf, segmentsOf } from './agent-events.ts'
import { ask, sendSegment, startJob } from './ingest-client.ts'

/** Events of the job, and hosts that it contacts beside those of its builds. */
export const events = 1_000_000
export const hosts = 3000

/** A job is its run's only one. */
const number = 5_000_000
export const page = `/github/acme/app0/actions/runs/${number + 1}`

/** What `bench/agent-events.ts` makes of a build, and in the end a query and a connection for each host. */
function* bigEvents(): Generator<Event, never> {
  const all = eventsOf(number)
  let seq = 0
  while (seq < events - 2 * hosts) {
    const event = all.next().value
    ;({ seq } = event)
    yield event
  }
  for (let n = 0; ; n++) {
    const host = `service-${n % hosts}.area-${n % 30}.example.com`
    const address = `203.0.${(n >> 8) & 127}.${n & 255}`
    const given = { execId: execIdOf(100), host, address }
    yield query(++seq, { execId: given.execId, name: host, addresses: [address] })
    yield connect(++seq, given)
  }
}

/** Sends the job, where the server does not have it yet. @returns its id when all of it is in the views */
export async function bigJob(url: string, agent: string, viewer: string): Promise<string> {
  const jobs = `${url}/v1/orgs/acme/jobs`
  const { items } = await ask<{ items: { id: string }[] }>(`${jobs}?run=${number + 1}`, 'GET', {
    token: viewer,
  })
  const id = items[0]?.id ?? (await sendJob(url, agent))
  for (;;) {
    const { segments } = await ask<{ segments: { indexed: number; last: number } }>(
      `${jobs}/${id}`,
      'GET',
      { token: viewer },
    )
    if (segments.indexed === segments.last) return id
    await new Promise((done) => setTimeout(done, 50))
  }
}

async function sendJob(url: string, agent: string): Promise<string> {
  const job = await startJob(url, agent, number)
  let last = { seq: 0, hash: '' }
  for (const segment of segmentsOf(number, events, bigEvents())) {
    await sendSegment(url, job, segment)
    last = segment
  }
  await ask(`${url}/v1/jobs/${job.jobId}/finish`, 'POST', {
    token: job.token,
    body: { sequence: last.seq, hash: last.hash, report: sampleReport, exit: 0 },
  })
  return job.jobId
}
