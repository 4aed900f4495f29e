import type { Database } from '../db/database.ts'
import { HttpError, notFound } from '../error.ts'
import { chainHash } from './chain.ts'
import { addFinding, tampered } from './findings.ts'
import { jobRow } from './job-row.ts'
import type { SegmentStore } from './segment-store.ts'
import { SegmentError, unpack } from './unpack.ts'

export interface Segment {
  jobId: string
  seq: number
  previous: Buffer
  hash: Buffer
  body: Buffer
}

interface Waiting {
  segment: Segment
  /** Bytes. */
  unpacked: number
  done: PromiseWithResolvers<void>
}

interface Parts {
  db: Database
  store: SegmentStore
  clock: () => number
  /** Some were added to `segments`. */
  added: () => void
}

/**
 * Takes segments: first the file, then the row, then the answer. A file without a row is not there; it is overwritten when
 * its segment comes again.
 */
export class Intake {
  readonly #parts: Parts
  /** By job and sequence: the same segment twice at once is taken one after the other. */
  readonly #coming = new Map<string, Promise<void>>()
  /** Their files are written; the rows of all of them are one transaction. */
  #written: Waiting[] = []

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Resolves when the segment is there for good. */
  async take(segment: Segment): Promise<void> {
    const key = `${segment.jobId} ${segment.seq}`
    for (let other = this.#coming.get(key); other !== undefined; other = this.#coming.get(key))
      await other.catch(() => undefined)
    const taken = this.#take(segment)
    this.#coming.set(key, taken)
    try {
      await taken
    } finally {
      this.#coming.delete(key)
    }
  }

  async #take(segment: Segment): Promise<void> {
    const { db, store } = this.#parts
    if (this.#isThere(segment)) return
    if (!chainHash(segment.previous, segment.body).equals(segment.hash))
      throw new HttpError(
        400,
        'bad-hash',
        'runwarden-hash is not that of runwarden-previous and the body: it was damaged on its way',
        [{ in: 'headers', at: 'runwarden-hash', problem: 'is another than that of the body' }],
      )
    const job = jobRow(db, segment.jobId)
    if (job === undefined) throw notFound('job')
    if (job.final_sequence !== null && segment.seq > job.final_sequence)
      throw new HttpError(
        409,
        'job-finished',
        `the job has finished with segment ${job.final_sequence}`,
      )
    let unpacked: number
    try {
      unpacked = (await unpack(segment.body)).length
    } catch (error) {
      if (!(error instanceof SegmentError)) throw error
      throw new HttpError(400, 'bad-segment', `the body ${error.message}`, [
        { in: 'body', at: '', problem: error.message },
      ])
    }
    await store.write(segment.jobId, segment.seq, segment.body)
    const done = Promise.withResolvers<void>()
    this.#written.push({ segment, unpacked, done })
    if (this.#written.length === 1) setImmediate(() => this.#commit())
    await done.promise
  }

  /** @throws HttpError where another segment is under its number */
  #isThere({ jobId, seq, hash }: Segment): boolean {
    const { db, clock } = this.#parts
    const there = db.get<{ hash: Uint8Array }>(
      'SELECT hash FROM segments WHERE job_id = ? AND seq = ?',
      jobId,
      seq,
    )
    if (there === undefined) return false
    if (hash.equals(there.hash)) return true
    addFinding(
      db,
      jobId,
      clock(),
      tampered(
        `other ${seq}`,
        'A second version of the record',
        `Segment ${seq} of the job's events came again with another content. The first one is kept. Someone who has the job's token sends events in the agent's name, or the agent has lost its spool: look at the job's processes beside the agent.`,
        clock(),
      ),
    )
    throw new HttpError(409, 'other-segment', `segment ${seq} is there with another hash`)
  }

  #commit(): void {
    const { db, clock, added } = this.#parts
    const all = this.#written
    this.#written = []
    let there: readonly boolean[]
    try {
      there = db.transaction(() => all.map((one) => addSegment(db, one, clock())))
    } catch (error) {
      for (const { done } of all) done.reject(error)
      return
    }
    for (const [i, { done }] of all.entries())
      if (there[i] === true) done.resolve()
      else done.reject(notFound('job'))
    added()
  }
}

/** @returns false: its job was deleted meanwhile */
function addSegment(db: Database, { segment, unpacked }: Waiting, now: number): boolean {
  const { jobId, seq, previous, hash, body } = segment
  const last = jobRow(db, jobId)?.last_sequence
  if (last === undefined) return false
  db.run(
    'INSERT INTO segments (job_id, seq, previous, hash, bytes, unpacked, received_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
    jobId,
    seq,
    previous,
    hash,
    body.length,
    unpacked,
    now,
  )
  db.run(
    `UPDATE jobs SET segments = segments + 1, last_sequence = max(last_sequence, ?), bytes = bytes + ?,
            heard_at = max(heard_at, ?) WHERE id = ?`,
    seq,
    body.length,
    now,
    jobId,
  )
  const hashOf = (other: number, column: 'hash' | 'previous'): Uint8Array | undefined =>
    db.get<{ value: Uint8Array }>(
      column === 'hash'
        ? 'SELECT hash AS value FROM segments WHERE job_id = ? AND seq = ?'
        : 'SELECT previous AS value FROM segments WHERE job_id = ? AND seq = ?',
      jobId,
      other,
    )?.value
  const before = seq === 1 ? Buffer.alloc(32) : hashOf(seq - 1, 'hash')
  const after = hashOf(seq + 1, 'previous')
  if ((before !== undefined && !previous.equals(before)) || (after && !hash.equals(after)))
    addFinding(db, jobId, now, broken(seq, now))
  if (before === undefined && seq > last + 1)
    addFinding(db, jobId, now, gap(last + 1, seq - 1, now))
  return true
}

const broken = (seq: number, now: number) =>
  tampered(
    `chain ${seq}`,
    "The chain of the job's record is broken",
    `Segment ${seq} of the job's events does not continue the one before it, or is not continued by the one behind it: something was left out, put in or replaced between the agent and here. Hold it against the job's own events.ndjson.`,
    now,
  )

export const gap = (from: number, to: number, now: number) =>
  tampered(
    `gap ${from}`,
    "A part of the job's record is missing",
    `Segment${from === to ? ` ${from}` : `s ${from} to ${to}`} of the job's events are not here, and what follows is. The agent sends them in order: it was interfered with, or its spool was; or this server was restored from a backup of before they came, which the agent's report tells then.`,
    now,
  )
