import { connect, exec, request } from '../packages/server/test/ingest/sample-events.ts'
import type { Event, Verdict } from '../packages/events/src/index.ts'
import { sampleReport } from '../packages/events/test/sample-report.ts'
import { type Segment, segmentsOf } from './agent-events.ts'
import { ask, type Job, sendSegment, startJob, times } from './ingest-client.ts'

const verdicts: readonly Verdict[] = ['allowed', 'allowed', 'would-block', 'blocked']
const hosts = 20
const eventsOfJob = 2 * hosts + 1

/** What a short job does: hosts that all have, those of its repository, and some that few have. */
function* shortJob(job: number): Generator<Event> {
  const time = Date.now()
  yield exec(1, 100)
  for (let i = 0; i < hosts; i++) {
    const host =
      i < 8
        ? `host-${i}.example.org`
        : i < 16
          ? `host-${i}.app${job % 20}.example.org`
          : `host-${(job * 7 + i) % 400}.example.net`
    const verdict = verdicts[i % verdicts.length] ?? 'allowed'
    yield { ...connect(2 * i + 2, { host, address: `198.51.100.${i}`, verdict }), time }
    yield { ...request(2 * i + 3, { host, path: `/package-${i}` }), time }
  }
}

/** Else it is told of each, some minutes later, that its agent fell silent. */
function finishJob(url: string, { jobId, token }: Job, { seq, hash }: Segment): Promise<unknown> {
  return ask(`${url}/v1/jobs/${jobId}/finish`, 'POST', {
    token,
    body: { sequence: seq, hash, report: sampleReport, exit: 0 },
  })
}

/** Short jobs of an organisation, with numbers from `first` on: what overviews are made of. */
export async function sendShortJobs(
  url: string,
  { key, owner }: { key: string; owner: string },
  { first, count, width }: { first: number; count: number; width: number },
): Promise<void> {
  await times(count, width, async (i) => {
    const number = first + i
    const job = await startJob(url, key, number, owner)
    const [segment] = segmentsOf(number, eventsOfJob, shortJob(number))
    if (segment === undefined) return
    await sendSegment(url, job, segment)
    await finishJob(url, job, segment)
  })
}
