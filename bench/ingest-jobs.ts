import { connect, exec, request } from '../packages/server/test/ingest/sample-events.ts'
import type { Event, Verdict } from '../packages/events/src/index.ts'
import { segmentsOf } from './agent-events.ts'
import { sendSegment, startJob, times } from './ingest-client.ts'

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

/** Short jobs of an organisation, with numbers from `first` on: what overviews are made of. */
export async function sendShortJobs(
  url: string,
  { key, owner }: { key: string; owner: string },
  { first, count, width }: { first: number; count: number; width: number },
): Promise<void> {
  await times(count, width, async (i) => {
    const number = first + i
    const job = await startJob(url, key, number, owner)
    for (const segment of segmentsOf(number, eventsOfJob, shortJob(number)))
      await sendSegment(url, job, segment)
  })
}
