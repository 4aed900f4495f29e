import type { Database } from '../db/database.ts'
import { addFinding, tampered } from './findings.ts'

interface Parts {
  db: Database
  clock: () => number
  /** Heartbeats are overdue after that. */
  patienceMs: number
  /** A job is given up when nothing was heard of its agent for so long. */
  lostMs: number
  failed: (error: unknown) => void
}

/** Watches for agents that fell silent in the middle of a job, and gives up jobs whose agents do not come back. */
export class SilenceWatch implements Disposable {
  readonly #parts: Parts
  readonly #timer: NodeJS.Timeout
  /** What was silent while the server did not run is not the agents' doing. */
  readonly #since: number

  constructor(parts: Parts) {
    this.#parts = parts
    this.#since = parts.clock()
    this.#timer = setInterval(
      () => {
        try {
          this.look()
        } catch (error) {
          // A full disk, for one: the next look finds the same jobs.
          parts.failed(error)
        }
      },
      Math.max(100, parts.patienceMs / 4),
    ).unref()
  }

  look(): void {
    const { db, clock, patienceMs, lostMs } = this.#parts
    const now = clock()
    if (now - this.#since < patienceMs) return
    this.#tell(now - patienceMs, now)
    // It ended then, as far as anybody knows; it goes on when its agent is heard again.
    db.run(
      'UPDATE jobs SET finished_at = heard_at WHERE finished_at IS NULL AND silent_at IS NOT NULL AND heard_at < ?',
      now - lostMs,
    )
  }

  #tell(before: number, now: number): void {
    const { db } = this.#parts
    // A job that runs without protection has no agent that could be heard, which it has said; one that had one before has that no more.
    const silent = db.all<{ id: string; heard_at: number; bare: number }>(
      `SELECT id, heard_at, made_sequence = 0 AND segments = 0
                AND EXISTS (SELECT 1 FROM job_modes WHERE job_id = jobs.id AND protection = 'unprotected') AS bare
       FROM jobs WHERE finished_at IS NULL AND silent_at IS NULL AND heard_at < ? LIMIT 1000`,
      before,
    )
    if (silent.length === 0) return
    db.transaction(() => {
      for (const { id, heard_at: heard, bare } of silent) {
        db.run('UPDATE jobs SET silent_at = ? WHERE id = ?', now, id)
        if (bare === 1) continue
        addFinding(
          db,
          id,
          now,
          tampered(
            `silent ${heard}`,
            'The agent fell silent',
            `Nothing was heard of the job's agent since ${new Date(heard).toISOString()}, and the job has not finished. Its machine or its network is gone, or someone has stopped the agent: look at how the job ended.`,
            now,
          ),
        )
      }
    })
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }
}
