import type { Heartbeat } from '@runwarden/events/control-plane'
import type { Database } from '../db/database.ts'
import { addFinding, tampered } from './findings.ts'
import { jobRow } from './job-row.ts'

/** Thousands of agents write one transaction in that time. What a crash takes of it comes again with the next heartbeat. */
const everyMs = 500

interface Parts {
  db: Database
  clock: () => number
  failed: (error: unknown) => void
}

/** The last heartbeat of a job, and the highest sequence of those that came since the last write. */
interface Heard {
  heartbeat: Heartbeat
  highest: number
  at: number
}

export class Heartbeats implements Disposable {
  readonly #parts: Parts
  readonly #timer: NodeJS.Timeout
  #heard = new Map<string, Heard>()

  constructor(parts: Parts) {
    this.#parts = parts
    this.#timer = setInterval(() => {
      try {
        this.write()
      } catch (error) {
        parts.failed(error)
      }
    }, everyMs).unref()
  }

  hear(jobId: string, heartbeat: Heartbeat): void {
    const highest = Math.max(heartbeat.sequence, this.#heard.get(jobId)?.highest ?? 0)
    this.#heard.set(jobId, { heartbeat, highest, at: this.#parts.clock() })
  }

  /** Writes down what was heard; when that fails it is heard still. */
  write(): void {
    if (this.#heard.size === 0) return
    const { db } = this.#parts
    db.transaction(() => {
      for (const [jobId, heard] of this.#heard) writeOne(db, jobId, heard)
    })
    this.#heard = new Map()
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }
}

/** A job that was given up goes on when its agent is there again. Of one that has finished its report has the last word. */
function writeOne(
  db: Database,
  jobId: string,
  { heartbeat: { sequence, eventsLost, tier, armed }, highest, at }: Heard,
): void {
  const job = jobRow(db, jobId)
  if (job === undefined || job.final_sequence !== null) return
  db.run(
    `UPDATE jobs SET heard_at = max(heard_at, ?), made_sequence = max(made_sequence, ?), events_lost = ?, tier = ?,
            armed = ?, silent_at = NULL, finished_at = NULL WHERE id = ?`,
    at,
    highest,
    JSON.stringify(eventsLost),
    tier,
    armed ? 1 : 0,
    jobId,
  )
  const made = Math.max(highest, job.made_sequence)
  if (sequence < made)
    addFinding(
      db,
      jobId,
      at,
      tampered(
        `heartbeat ${made}`,
        "The agent's count went back",
        `A heartbeat says that ${sequence} segments were made, one before it said ${made}: it is of another agent, or the agent's spool was interfered with.`,
        at,
      ),
    )
}
