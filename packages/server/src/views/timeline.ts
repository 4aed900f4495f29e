import { setImmediate } from 'node:timers/promises'
import type { EventKind } from '@runwarden/events'
import type { Database } from '../db/database.ts'
import { readLine } from '../ingest/read-segment.ts'
import type { SegmentStore } from '../ingest/segment-store.ts'
import { linesOf, SegmentError, unpack } from '../ingest/unpack.ts'
import { kindBit } from '../ingest/words.ts'

/** Of one page: what it may hold, and read to find that. A page that ends for this has a cursor, and maybe no events. */
const largestPage = 4 << 20
const mostRead = 64 << 20

/** Where a page begins: behind a line of a segment. */
export interface Place {
  segment: number
  line: number
}

interface Asked {
  after: Place
  limit: number
  kinds: readonly EventKind[]
  /** Events with a lower `seq` are left out. */
  from: number
  /** Events of this process, or of this step, alone; null: of any. */
  execId?: string | null
  step?: string | null
}

/**
 * A job's events as its agent sent them, in order, from its segments. An event that this version does not know has only
 * what all events have.
 */
export async function timelinePage(
  index: Database,
  store: SegmentStore,
  jobId: string,
  { after, limit, kinds, from, execId = null, step = null }: Asked,
): Promise<{ items: object[]; next: Place | null; unread: number[] }> {
  const wanted = kinds.reduce((bits, kind) => bits | kindBit(kind), 0)
  const items: object[] = []
  const unread: number[] = []
  let bytes = 0
  let read = 0
  let sinceTurn = 0
  let place = after
  for (;;) {
    const segment = nextSegment(index, jobId, place, { wanted, from })
    if (segment === undefined) return { items, next: null, unread }
    if (read >= mostRead) return { items, next: place, unread }
    const content = await contentOf(store, jobId, segment)
    if (content === null) {
      unread.push(segment)
      place = { segment: segment + 1, line: 0 }
      continue
    }
    read += content.length
    let line = 0
    for (const { start, end } of linesOf(content)) {
      line++
      if (segment === place.segment && line <= place.line) continue
      if (items.length >= limit || bytes >= largestPage)
        return { items, next: { segment, line: line - 1 }, unread }
      // Others get their turn, however much is read to find a page.
      if ((sinceTurn += end - start) > 1 << 20) {
        await setImmediate()
        sinceTurn = 0
      }
      const said = readLine(content, start, end, line)
      // Reported when it was indexed.
      if (said instanceof SegmentError) continue
      const { seq, time, kind, event } = said
      if (seq < from || (wanted !== 0 && (wanted & kindBit(kind)) === 0)) continue
      if (execId !== null && event?.execId !== execId) continue
      if (step !== null && event?.step !== step) continue
      items.push(event ?? { seq, time, kind })
      bytes += end - start
    }
    place = { segment: segment + 1, line: 0 }
  }
}

/** null: it was there when it was indexed, and is not, or not whole. */
async function contentOf(
  store: SegmentStore,
  jobId: string,
  segment: number,
): Promise<Buffer | null> {
  try {
    return await unpack(await store.read(jobId, segment))
  } catch (error) {
    const gone = (error as { code?: string }).code === 'ENOENT'
    if (gone || error instanceof SegmentError) return null
    throw error
  }
}

/** The first segment at or behind a place that has what is wanted. */
function nextSegment(
  index: Database,
  jobId: string,
  { segment }: Place,
  { wanted, from }: { wanted: number; from: number },
): number | undefined {
  return index.get<{ seq: number }>(
    `SELECT seq FROM segments WHERE job = (SELECT number FROM jobs WHERE id = ?) AND seq >= ? AND last >= ?
       AND (? = 0 OR kinds & ? <> 0) ORDER BY seq LIMIT 1`,
    jobId,
    segment,
    from,
    wanted,
    wanted,
  )?.seq
}
