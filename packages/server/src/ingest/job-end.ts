import type { ReadFinish } from '../aside/read-finish.ts'
import type { Database } from '../db/database.ts'
import { HttpError, notFound } from '../error.ts'
import { addFinding, tampered } from './findings.ts'
import { gap } from './intake.ts'
import { type JobRow, jobRow } from './job-row.ts'

/** Of what a report says, characters of a finding. */
const longestText = 4000

/** Ends a job, by its agent's word, or by that of an agent after it, which has no report. @throws HttpError */
export function finishJob(
  db: Database,
  jobId: string,
  { sequence, hash: hex, report, noReport, exit }: ReadFinish,
  clock: () => number,
): JobRow {
  const hash = Buffer.from(hex, 'hex')
  return db.transaction(() => {
    const now = clock()
    const job = jobRow(db, jobId)
    if (job === undefined) throw notFound('job')
    if (job.final_sequence !== null) {
      if (job.final_sequence !== sequence || !hash.equals(job.final_hash ?? hash))
        throw new HttpError(409, 'job-finished', 'the job has finished, with another last segment')
      return job
    }
    db.run(
      `UPDATE jobs SET finished_at = ?, heard_at = ?, exit_status = ?, report = ?, final_sequence = ?, final_hash = ? WHERE id = ?`,
      now,
      now,
      exit,
      report?.packed ?? null,
      sequence,
      hash,
      jobId,
    )
    if (report !== null) settle(db, jobId, report, now)
    else if (noReport !== undefined) goWithout(db, jobId, noReport, now)
    else lose(db, jobId, sequence, now)
    checkEnd(db, job, sequence, hash, now)
    return job
  })
}

/** What the report says of the job is what lists say of it. */
function settle(
  db: Database,
  jobId: string,
  { egress, health, protection, version, tampered: titles }: NonNullable<ReadFinish['report']>,
  now: number,
): void {
  db.run(
    'UPDATE jobs SET silent_at = NULL, tier = ?, armed = ?, events_lost = ?, interrupted = ? WHERE id = ?',
    health.tier,
    protection === 'armed' ? 1 : 0,
    JSON.stringify(health.eventsLost),
    health.interrupted === true ? 1 : 0,
    jobId,
  )
  db.run(
    `INSERT INTO job_modes (job_id, egress, protection, policies, version) VALUES (?, ?, ?, '[]', ?)
     ON CONFLICT DO UPDATE SET egress = excluded.egress, protection = excluded.protection, version = excluded.version`,
    jobId,
    egress,
    protection,
    version,
  )
  // What the report's own writer found has no event, nor has what the one of an agent that was killed says.
  const untold = titles.filter((title) => !isTold(db, jobId, title))
  if (untold.length > 0) addFinding(db, jobId, now, reported(untold, now))
}

const isTold = (db: Database, jobId: string, title: string): boolean =>
  db.get(
    "SELECT 1 FROM detections WHERE job_id = ? AND rule = 'agent-tampered' AND title = ?",
    jobId,
    title,
  ) !== undefined

const reported = (titles: readonly string[], now: number) =>
  tampered(
    'report',
    "The job's report tells of tampering",
    `It says: ${titles.join('; ').slice(0, longestText)}. No event of the job does: see the report for what happened.`,
    now,
  )

/** All else of the job is here. */
function goWithout(db: Database, jobId: string, why: string, now: number): void {
  db.run('UPDATE jobs SET silent_at = NULL WHERE id = ?', jobId)
  addFinding(db, jobId, now, {
    ...tampered(
      'no report',
      "The job's report is not here",
      `Its agent could not send it: ${why}. What the agent sent before is here; what its report says at the end, of gaps in the record for one, is in the folder of the job's record alone.`,
      now,
    ),
    rule: 'record-damaged',
  })
}

/** Of the job stays what its agent said before it died. */
function lose(db: Database, jobId: string, sequence: number, now: number): void {
  db.run('UPDATE jobs SET silent_at = coalesce(silent_at, ?) WHERE id = ?', now, jobId)
  addFinding(
    db,
    jobId,
    now,
    tampered(
      'died',
      'The agent died before the job ended',
      `The job's agent was ended without its last word; an agent after it has sent what it left, up to segment ${sequence}. What the job did afterwards is not known: look at who ended the agent, and at how the job ended.`,
      now,
    ),
  )
}

/** Whether all that the agent says it sent is here. */
function checkEnd(
  db: Database,
  { id: jobId, made_sequence: made }: JobRow,
  sequence: number,
  hash: Buffer,
  now: number,
): void {
  if (made > sequence)
    addFinding(
      db,
      jobId,
      now,
      tampered(
        'fewer',
        "The end of the job's record is another",
        `The agent says that segment ${sequence} was the last one, and had said before that it made ${made}: it is of another agent, or the agent's spool was interfered with.`,
        now,
      ),
    )
  const last =
    sequence === 0
      ? { hash: Buffer.alloc(32) }
      : db.get<{ hash: Uint8Array }>(
          'SELECT hash FROM segments WHERE job_id = ? AND seq = ?',
          jobId,
          sequence,
        )
  const { count, most } = db.get<{ count: number; most: number | null }>(
    'SELECT count(*) AS count, max(seq) AS most FROM segments WHERE job_id = ?',
    jobId,
  ) ?? { count: 0, most: null }
  if ((most ?? 0) > sequence || (last !== undefined && !hash.equals(last.hash)))
    addFinding(
      db,
      jobId,
      now,
      tampered(
        'end',
        "The end of the job's record is another",
        `The agent says that segment ${sequence} was the last one, with the hash ${hash.toString('hex')}; here is something else, up to segment ${most ?? 0}.`,
        now,
      ),
    )
  // Of the missing ones between others it was told when those came.
  else if (last === undefined) addFinding(db, jobId, now, gap((most ?? 0) + 1, sequence, now))
  else if (count < sequence) addFinding(db, jobId, now, incomplete(sequence - count, now))
}

const incomplete = (missing: number, now: number) =>
  tampered(
    'incomplete',
    "A part of the job's record is missing",
    `The job has finished, and ${missing} of its segments never came.`,
    now,
  )
