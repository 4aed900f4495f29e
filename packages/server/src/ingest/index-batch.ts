import type { EventOf } from '@runwarden/events'
import { roomOf } from '@runwarden/events/tampering'
import type { Database } from '../db/database.ts'
import { chainHash } from './chain.ts'
import { cut } from './cut.ts'
import type { Finding } from './findings.ts'
import { fold } from './fold/fold.ts'
import { JobIndex } from './fold/job-index.ts'
import type { IndexWriter } from './fold/write.ts'
import { readEvents } from './read-segment.ts'
import { SegmentError, unpackNow } from './unpack.ts'
import { kindBit } from './words.ts'

/** A row of `segments` of the server's database. */
export interface Listed {
  number: number
  jobId: string
  organisationId: string
  seq: number
  previous: Uint8Array
  hash: Uint8Array
  /** Bytes. */
  unpacked: number
  /** As the store has it; why it can't be read. */
  body: Buffer | Error
}

/** Events that are gathered before they are written. More of them outlive the young generation, which costs more than it saves. */
const gathered = 3000

/** Indexes some segments, all of them and the position behind them or nothing. What can't be read is set aside. */
export function indexBatch(db: Database, writer: IndexWriter, batch: readonly Listed[]): void {
  db.transaction(() => {
    for (const ofJob of Map.groupBy(batch, ({ jobId }) => jobId).values()) {
      let index: JobIndex | undefined
      let from = 0
      for (const segment of ofJob) {
        if (index === undefined) {
          index = JobIndex.load(db, segment, writer)
          from = index.totals.events
        }
        indexOne(db, index, segment)
        if (index.totals.events - from < gathered && segment !== ofJob.at(-1)) continue
        writer.write(index, segment.number)
        index = undefined
      }
    }
    moveTo(db, batch.at(-1)?.number ?? 0)
  })
}

export function moveTo(db: Database, position: number): void {
  db.run('UPDATE state SET position = ?, attempts = 0', position)
}

function indexOne(db: Database, index: JobIndex, segment: Listed): void {
  let content: Buffer
  try {
    content = contentOf(segment)
  } catch (error) {
    if (!(error instanceof SegmentError)) throw error
    setAside(db, segment, error.message)
    return
  }
  const { totals } = index
  let first = Infinity
  let last = 0
  let events = 0
  let kinds = 0
  let bad: SegmentError | undefined
  readEvents(content, (read) => {
    if (read instanceof SegmentError) {
      bad ??= read
      return
    }
    const { seq, time, kind, length, event } = read
    events++
    if (seq < first) first = seq
    if (seq > last) last = seq
    kinds |= kindBit(kind)
    if (totals.firstTime === null || time < totals.firstTime) totals.firstTime = time
    if (totals.lastTime === null || time > totals.lastTime) totals.lastTime = time
    if (event === null) {
      totals.notUnderstood++
      return
    }
    totals.byKind[kind] = (totals.byKind[kind] ?? 0) + 1
    const detection = fold(index, event, length)
    if (detection === undefined) return
    const room = roomOf(detection)
    const told = (index.told[room] ?? 0) + 1
    if (told > mostTold) return
    index.told[room] = told
    tell(db, segment.jobId, found(detection))
  })
  if (bad !== undefined) setAside(db, segment, bad.message, 'What it has of that kind')
  if (events === 0) return
  totals.events += events
  db.run(
    'INSERT INTO segments VALUES (?, ?, ?, ?, ?, ?)',
    index.number,
    segment.seq,
    first,
    last,
    events,
    kinds,
  )
}

/** @throws SegmentError where it is not what was acknowledged any more */
function contentOf({ body, previous, hash, unpacked }: Listed): Buffer {
  if (body instanceof Error)
    throw new SegmentError(`can't be read: ${body.message}`, { cause: body })
  if (!chainHash(previous, body).equals(hash))
    throw new SegmentError('is not what was stored: its hash is another')
  return unpackNow(body, unpacked)
}

/** It, or what of it is named, is in no view; the file stays where it is. */
export function setAside(
  db: Database,
  { jobId, seq }: Pick<Listed, 'jobId' | 'seq'>,
  reason: string,
  what = 'All of it',
): void {
  tell(db, jobId, {
    source: 'server',
    key: `damaged ${seq}`,
    rule: 'record-damaged',
    severity: 'high',
    title: "A part of the job's record can't be read",
    text: `Segment ${seq} of the job's events ${cut(reason, longestWord)}. ${what} is set aside: in no view and no search. The file stays in the server's folder, as segments/${jobId}/${seq}.zst.`,
    time: Date.now(),
    step: null,
    execId: null,
    evidence: [],
    suppressed: null,
  })
}

/**
 * Of a job's detections, of each severity, and as many of tampering: what is more is among its events alone, and in no list. A job
 * that makes many that are cheap can't crowd out its worst.
 */
const mostTold = 1000
/** Of a detection as it stands in the database; the event has all of it. */
const longestWord = 500
const longestText = 16_384
const mostEvidence = 1000

const found = (event: EventOf<'detection'>): Finding => ({
  source: 'agent',
  key: String(event.seq),
  rule: cut(event.id, longestWord),
  severity: event.severity,
  title: cut(event.title, longestWord),
  text: cut(event.text, longestText),
  time: event.time,
  step: event.step && cut(event.step, longestWord),
  execId: event.execId && cut(event.execId, longestWord),
  evidence: event.evidence.slice(0, mostEvidence),
  suppressed: event.suppressed === undefined ? null : cut(event.suppressed, longestWord),
})

function tell(db: Database, jobId: string, finding: Finding): void {
  db.run('INSERT INTO detections (job_id, data) VALUES (?, ?)', jobId, JSON.stringify(finding))
}
