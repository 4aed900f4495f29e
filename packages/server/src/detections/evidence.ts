import { hash } from 'node:crypto'
import type { Event } from '@runwarden/events'
import type { Database } from '../db/database.ts'
import { readEvent } from '../ingest/read-segment.ts'
import type { SegmentStore } from '../ingest/segment-store.ts'
import { SegmentError, unpack } from '../ingest/unpack.ts'
import { views } from '../ingest/words.ts'

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

  /** Reads events by `seq`. Those that are not there, or no longer, are left out. */
  async read(seqs: readonly number[]): Promise<void> {
    const missing = new Set(seqs.filter((seq) => !this.#events.has(seq)))
    const bySegment = new Map<number, number[]>()
    for (const seq of missing) {
      this.#events.set(seq, null)
      const segment = this.#segmentOf(seq)
      if (segment !== undefined) bySegment.set(segment, [...(bySegment.get(segment) ?? []), seq])
    }
    for (const [segment, wanted] of bySegment) {
      const content = await this.#content(segment)
      if (content === null) continue
      for (const seq of wanted) this.#events.set(seq, find(content, seq))
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

/** The event of a `seq`: only lines that name it are read. */
function find(content: Buffer, seq: number): Event | null {
  const text = `"seq":${seq}`
  for (let at = content.indexOf(text); at >= 0; at = content.indexOf(text, at + 1)) {
    const next = content[at + text.length]
    if (next !== 0x2c && next !== 0x7d) continue
    const start = content.lastIndexOf(0x0a, at) + 1
    const end = content.indexOf(0x0a, at)
    try {
      const { event } = readEvent(content.toString('utf8', start, end < 0 ? undefined : end), 1)
      if (event?.seq === seq) return event
    } catch (error) {
      if (!(error instanceof SegmentError)) throw error
    }
  }
  return null
}
