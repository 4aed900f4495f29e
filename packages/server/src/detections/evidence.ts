import { hash } from 'node:crypto'
import type { Event } from '@runwarden/events'
import type { Database } from '../db/database.ts'
import { cutTexts } from '../ingest/fold/fold.ts'
import { readLine } from '../ingest/read-segment.ts'
import type { SegmentStore } from '../ingest/segment-store.ts'
import { SegmentError, unpack } from '../ingest/unpack.ts'
import { views } from '../ingest/words.ts'

/** Bytes that are read for what was asked of one job at a time: a job may name events of any of its segments, and others wait. */
const mostRead = 64 << 20

/** Finds the events behind detections of one job; a segment is read once. */
export class Evidence {
  readonly #index: Database
  readonly #store: SegmentStore
  readonly #jobId: string
  readonly #events = new Map<number, Event | null>()

  constructor(index: Database, store: SegmentStore, jobId: string) {
    this.#index = index
    this.#store = store
    this.#jobId = jobId
  }

  /** Reads events by `seq`, as the index has them: their texts cut. Those that are not there, or no longer, are left out. */
  async read(seqs: readonly number[]): Promise<void> {
    const missing = new Set(seqs.filter((seq) => !this.#events.has(seq)))
    const bySegment = new Map<number, Set<number>>()
    for (const seq of missing) {
      this.#events.set(seq, null)
      const segment = this.#segmentOf(seq)
      if (segment === undefined) continue
      const wanted = bySegment.get(segment)
      if (wanted === undefined) bySegment.set(segment, new Set([seq]))
      else wanted.add(seq)
    }
    let read = 0
    for (const [segment, wanted] of bySegment) {
      if (read >= mostRead) return
      const content = await this.#content(segment)
      if (content === null) continue
      read += content.length
      for (const event of find(content, wanted)) this.#events.set(event.seq, event)
    }
  }

  event(seq: number): Event | null {
    return this.#events.get(seq) ?? null
  }

  /** The program that did it; of a start, the one that was started. */
  programOf(event: Event): string | null {
    if (event.kind === 'process.exec') return event.exe
    if (event.execId === null) return null
    const row = this.#index.get<{ data: string }>(
      `SELECT data FROM rows WHERE job = (SELECT number FROM jobs WHERE id = ?) AND view = ? AND key = ?`,
      this.#jobId,
      views.processes,
      hash('sha256', event.execId, 'buffer').subarray(0, 16),
    )
    if (row === undefined) return null
    const { images } = JSON.parse(row.data) as { images: { exe: string; time: number }[] }
    return (images.findLast(({ time }) => time <= event.time) ?? images[0])?.exe ?? null
  }

  #segmentOf(seq: number): number | undefined {
    return this.#index.get<{ seq: number }>(
      `SELECT seq FROM segments WHERE job = (SELECT number FROM jobs WHERE id = ?) AND first <= ? AND last >= ? LIMIT 1`,
      this.#jobId,
      seq,
      seq,
    )?.seq
  }

  async #content(segment: number): Promise<Buffer | null> {
    try {
      return await unpack(await this.#store.read(this.#jobId, segment))
    } catch (error) {
      // Set aside, or deleted with its job meanwhile.
      if (error instanceof SegmentError || (error as NodeJS.ErrnoException).code === 'ENOENT')
        return null
      throw error
    }
  }
}

const named = '"seq":'

/** Events by their `seq`: only lines that name one of them are read, by what they name first, and each once. */
function* find(content: Buffer, wanted: Set<number>): Generator<Event> {
  let end = 0
  for (
    let at = content.indexOf(named);
    at >= 0 && wanted.size > 0;
    at = content.indexOf(named, end)
  ) {
    const start = content.lastIndexOf(0x0a, at) + 1
    const found = content.indexOf(0x0a, at)
    end = found < 0 ? content.length : found
    const from = at + named.length
    if (!wanted.has(Number.parseInt(content.toString('latin1', from, from + 16), 10))) continue
    const read = readLine(content, start, end, 1)
    if (read instanceof SegmentError || read.event === null || !wanted.delete(read.seq)) continue
    cutTexts(read.event)
    yield read.event
  }
}
