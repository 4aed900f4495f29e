import { setImmediate } from 'node:timers/promises'
import type { Context } from '../context.ts'
import { newId } from '../id.ts'
import { isOfMachine } from '../ingest/index-schema.ts'
import { keepLooking, oneAtATime } from '../looking.ts'
import { Evidence } from './evidence.ts'
import { isSuppressed, type Match, type Place, type Subject, subjectOf } from './subject.ts'

export const states = ['open', 'acknowledged', 'suppressed', 'resolved'] as const
export type State = (typeof states)[number]

/** Detections that are looked at before others get their turn. */
const atOnce = 200
/** Events of a detection that are looked at; agents name few. */
const mostEvidence = 50

interface Suppression {
  id: string
  match: Match
  reason: string
}

interface New extends Place {
  detectionId: string
  organisationId: string
  jobId: string
  evidence: string
  suppressed: string | null
}

const place = `detections.rule AS id, organisations.name AS owner, jobs.repository, jobs.workflow, jobs.job, detections.step`

/** Detections as people work with them: each has a state, and a trace of how it came to that. */
export class Inbox {
  readonly #context: Context

  /** Looks at all detections that are new. */
  readonly take = oneAtATime(() => this.#take())

  constructor(context: Context) {
    this.#context = context
  }

  /** Goes on until the server ends. */
  start(): void {
    keepLooking(this.#context, () => this.take(), 'the inbox takes nothing')
  }

  async #take(): Promise<void> {
    const { db, ingest, closing, log } = this.#context
    while (!closing.aborted) {
      const all = db.all<New>(
        `SELECT detections.id AS detectionId, detections.organisation_id AS organisationId, detections.job_id AS jobId,
                evidence, suppressed, ${place}
         FROM detections JOIN jobs ON jobs.id = detections.job_id JOIN organisations ON organisations.id = detections.organisation_id
         WHERE detections.id > (SELECT id FROM inbox_position) ORDER BY detections.id LIMIT ?`,
        atOnce,
      )
      if (all.length === 0) return
      const index = await ingest.indexer.index()
      const abouts = new Map<string, Subject[]>()
      for (const [jobId, some] of Map.groupBy(all, ({ jobId }) => jobId)) {
        const job = new Evidence(index, ingest.segments, jobId)
        const wanted = some.map(({ detectionId, evidence }) => ({
          detectionId,
          seqs: seqsOf(evidence),
        }))
        try {
          await job.read(wanted.flatMap(({ seqs }) => seqs ?? []))
          for (const { detectionId, seqs } of wanted) abouts.set(detectionId, aboutOf(job, seqs))
        } catch (error) {
          // Whatever it is that one job says: those of others don't wait for it.
          if (isOfMachine(error)) throw error
          log.error({ err: error, jobId }, 'what detections are about is not known')
        }
      }
      db.transaction(() => {
        for (const detection of all) this.#add(detection, abouts.get(detection.detectionId) ?? [])
        db.run('UPDATE inbox_position SET id = ?', all.at(-1)?.detectionId ?? '')
      })
      await setImmediate()
    }
  }

  #add(detection: New, about: readonly Subject[]): void {
    const { db } = this.#context
    const { detectionId, organisationId, suppressed } = detection
    // Its job was deleted while its events were read.
    if (db.get('SELECT 1 FROM detections WHERE id = ?', detectionId) === undefined) return
    const by = this.#suppressions(organisationId).find(({ match }) =>
      isSuppressed(match, detection, about),
    )
    db.run(
      'INSERT INTO inbox VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
      detectionId,
      organisationId,
      by !== undefined || suppressed !== null ? 'suppressed' : 'open',
      JSON.stringify(about),
      by?.id ?? null,
    )
    if (by !== undefined) this.#trace(detection, 'the server', 'suppressed', by.reason, by.id)
    else if (suppressed !== null)
      this.#trace(detection, 'the agent', 'suppressed', suppressed, null)
  }

  /** Those that are in force. */
  #suppressions(organisationId: string): Suppression[] {
    const { db, clock } = this.#context
    return db
      .all<{ id: string; match: string; reason: string }>(
        `SELECT id, match, reason FROM suppressions
         WHERE organisation_id = ? AND deleted_at IS NULL AND (expires_at IS NULL OR expires_at > ?) ORDER BY id`,
        organisationId,
        clock(),
      )
      .map(({ id, match, reason }) => ({ id, match: JSON.parse(match) as Match, reason }))
  }

  /** @param actor as the audit log names them */
  set(
    detection: { detectionId: string; organisationId: string },
    { actor, state, note }: { actor: string; state: Exclude<State, 'suppressed'>; note: string },
  ): void {
    const { db } = this.#context
    db.run(
      'UPDATE inbox SET state = ?, suppression_id = NULL WHERE organisation_id = ? AND detection_id = ?',
      state,
      detection.organisationId,
      detection.detectionId,
    )
    this.#trace(detection, actor, state, note, null)
  }

  /**
   * Applies a suppression to what is there already: to what is open or acknowledged.
   * @returns how many it suppresses
   */
  async applyToPast(organisationId: string, by: Suppression, actor: string): Promise<number> {
    const { db } = this.#context
    let many = 0
    for (let after = ''; ;) {
      const found = db.all<Place & { detectionId: string; about: string }>(
        `SELECT detection_id AS detectionId, about, ${place}
         FROM inbox JOIN detections ON detections.id = detection_id JOIN jobs ON jobs.id = detections.job_id
           JOIN organisations ON organisations.id = detections.organisation_id
         WHERE inbox.organisation_id = ? AND state IN ('open', 'acknowledged') AND detection_id > ?
         ORDER BY detection_id LIMIT ?`,
        organisationId,
        after,
        atOnce,
      )
      const last = found.at(-1)
      if (last === undefined) return many
      after = last.detectionId
      db.transaction(() => {
        // It may have been deleted while others had their turn.
        if (!this.#suppressions(organisationId).some(({ id }) => id === by.id)) return
        for (const one of found) {
          if (!isSuppressed(by.match, one, JSON.parse(one.about) as Subject[])) continue
          many++
          db.run(
            "UPDATE inbox SET state = 'suppressed', suppression_id = ? WHERE detection_id = ?",
            by.id,
            one.detectionId,
          )
          this.#trace({ ...one, organisationId }, actor, 'suppressed', by.reason, by.id)
        }
      })
      await setImmediate()
    }
  }

  /**
   * What a suppression would be for, were it made.
   * @param since milliseconds since 1970
   * @returns `now`: detections that are open or acknowledged, which it would suppress at once; `past`: all that came since
   */
  async preview(
    organisationId: string,
    match: Match,
    since: number,
  ): Promise<{ now: number; past: number; jobs: number }> {
    const { db } = this.#context
    const counts = { now: 0, past: 0 }
    const jobs = new Set<string>()
    for (let after = ''; ;) {
      const found = db.all<
        Place & { detectionId: string; jobId: string; about: string; state: State; came: number }
      >(
        `SELECT detection_id AS detectionId, detections.job_id AS jobId, about, state, detections.created_at AS came, ${place}
         FROM inbox JOIN detections ON detections.id = detection_id JOIN jobs ON jobs.id = detections.job_id
           JOIN organisations ON organisations.id = detections.organisation_id
         WHERE inbox.organisation_id = ? AND (state IN ('open', 'acknowledged') OR detections.created_at >= ?)
           AND detection_id > ? ORDER BY detection_id LIMIT ?`,
        organisationId,
        since,
        after,
        atOnce,
      )
      const last = found.at(-1)
      if (last === undefined) return { ...counts, jobs: jobs.size }
      after = last.detectionId
      for (const one of found) {
        if (!isSuppressed(match, one, JSON.parse(one.about) as Subject[])) continue
        if (one.state === 'open' || one.state === 'acknowledged') counts.now++
        if (one.came < since) continue
        counts.past++
        jobs.add(one.jobId)
      }
      await setImmediate()
    }
  }

  /** Opens again what a suppression has suppressed. @returns how many */
  release(organisationId: string, suppressionId: string, actor: string): number {
    const { db } = this.#context
    const found = db.all<{ detectionId: string }>(
      `UPDATE inbox SET state = 'open', suppression_id = NULL
       WHERE organisation_id = ? AND suppression_id = ? AND state = 'suppressed' RETURNING detection_id AS detectionId`,
      organisationId,
      suppressionId,
    )
    for (const { detectionId } of found)
      this.#trace(
        { detectionId, organisationId },
        actor,
        'open',
        'the suppression was deleted',
        suppressionId,
      )
    return found.length
  }

  #trace(
    { detectionId, organisationId }: { detectionId: string; organisationId: string },
    actor: string,
    state: State,
    note: string,
    suppressionId: string | null,
  ): void {
    const { db, clock } = this.#context
    db.run(
      'INSERT INTO inbox_trace VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      newId(),
      organisationId,
      detectionId,
      clock(),
      actor,
      state,
      note,
      suppressionId,
    )
  }
}

/** null: more than are looked at. */
function seqsOf(evidence: string): number[] | null {
  const seqs = JSON.parse(evidence) as number[]
  return seqs.length > mostEvidence ? null : seqs
}

/** Characters of what one detection is about, as JSON; agents name few events, and those have short texts. */
const longestAbout = 1 << 15

/** Nothing, where any of the events is not at hand, or it is too much: who knows only a part can't say that all is expected. */
function aboutOf(job: Evidence, seqs: readonly number[] | null): Subject[] {
  if (seqs === null) return []
  const subjects = seqs.flatMap((seq) => {
    const event = job.event(seq)
    return event === null ? [] : [subjectOf(event, job.programOf(event))]
  })
  const isWhole = subjects.length === seqs.length && JSON.stringify(subjects).length <= longestAbout
  return isWhole ? subjects : []
}
