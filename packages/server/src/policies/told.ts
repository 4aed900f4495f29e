import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'
import type { PolicyInForce } from '@runwarden/events/control-plane'
import { z } from 'zod'
import type { Database } from '../db/database.ts'
import { HttpError, notFound } from '../error.ts'
import { jobRow } from '../ingest/job-row.ts'

const pack = promisify(zstdCompress)
const unpack = promisify(zstdDecompress)

/** Of one job: the first, and the newest of the others. */
const mostKept = 10

/** Of a document that is kept: a line of a policy has some 20 characters. */
const mostLines = 1 << 16

/** A policy that a job's agent has put in force. */
export const ToldPolicy = z.object({
  /** From 1. */
  number: z.int(),
  /** Since when, by the clock of the job's machine, milliseconds since 1970. */
  at: z.int(),
  egress: z.enum(['audit', 'block']),
  tier: z.string(),
  /** What of it does not hold for the job; null: all of it holds. */
  otherwise: z.string().nullable(),
})
export type ToldPolicy = z.infer<typeof ToldPolicy>
z.globalRegistry.add(ToldPolicy, { id: 'ToldPolicy' })

/**
 * Keeps what a job's agent says of its policy; the same again is kept once.
 * @returns its number
 * @throws HttpError (404), (409, `job-finished`): then its report has the last word
 */
export async function keepTold(db: Database, jobId: string, told: PolicyInForce): Promise<number> {
  const document =
    told.text === null || told.text.split('\n', mostLines + 1).length > mostLines
      ? null
      : await pack(told.text)
  const { at, egress, protection, tier, otherwise } = told
  return db.transaction(() => {
    const job = jobRow(db, jobId)
    if (job === undefined) throw notFound('job')
    if (job.final_sequence !== null)
      throw new HttpError(409, 'job-finished', 'the job has finished: its report says what held')
    db.run(
      'UPDATE jobs SET tier = ?, armed = ? WHERE id = ?',
      tier,
      protection === 'armed' ? 1 : 0,
      jobId,
    )
    db.run(
      `INSERT INTO job_modes (job_id, egress, protection, policies) VALUES (?, ?, ?, '[]')
       ON CONFLICT DO UPDATE SET egress = excluded.egress, protection = excluded.protection`,
      jobId,
      egress,
      protection,
    )
    const last = db.get<{ number: number; same: number }>(
      `SELECT number, egress = ? AND tier = ? AND otherwise IS ? AND document IS ? AS same
       FROM job_policies WHERE job_id = ? ORDER BY number DESC LIMIT 1`,
      egress,
      tier,
      otherwise,
      document,
      jobId,
    )
    if (last?.same === 1) return last.number
    const number = (last?.number ?? 0) + 1
    db.run(
      'INSERT INTO job_policies (job_id, number, at, egress, tier, otherwise, document) VALUES (?, ?, ?, ?, ?, ?, ?)',
      jobId,
      number,
      at,
      egress,
      tier,
      otherwise,
      document,
    )
    db.run(
      'DELETE FROM job_policies WHERE job_id = ? AND number > 1 AND number <= ?',
      jobId,
      number - mostKept + 1,
    )
    return number
  })
}

/** What a job's agent has told, the newest first. */
export function toldPolicies(db: Database, jobId: string): ToldPolicy[] {
  return db.all<ToldPolicy>(
    'SELECT number, at, egress, tier, otherwise FROM job_policies WHERE job_id = ? ORDER BY number DESC',
    jobId,
  )
}

/** The document of one of them; null: it is not kept, or was too long. */
export async function toldDocument(
  db: Database,
  jobId: string,
  number: number,
): Promise<string | null> {
  const found = db.get<{ document: Uint8Array | null }>(
    'SELECT document FROM job_policies WHERE job_id = ? AND number = ?',
    jobId,
    number,
  )
  return found?.document == null ? null : (await unpack(found.document)).toString()
}
