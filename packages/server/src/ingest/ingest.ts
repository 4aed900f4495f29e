import type { FastifyBaseLogger } from 'fastify'
import type { Config } from '../config.ts'
import type { Database } from '../db/database.ts'
import type { Metrics } from '../metrics.ts'
import { FolderSegments } from './folder-segments.ts'
import { Heartbeats } from './heartbeats.ts'
import { Indexer } from './indexer.ts'
import { Intake } from './intake.ts'
import { Jobs } from './jobs.ts'
import type { SegmentStore } from './segment-store.ts'
import { SilenceWatch } from './silence.ts'

interface Parts {
  config: Config
  db: Database
  url: () => string
  clock: () => number
  log: FastifyBaseLogger
  metrics: Metrics
}

/** What agents report, and what becomes of it. */
export class Ingest {
  readonly segments: SegmentStore
  readonly intake: Intake
  readonly jobs: Jobs
  readonly heartbeats: Heartbeats
  readonly indexer: Indexer
  readonly #db: Database
  readonly #silence: SilenceWatch

  constructor({ config, db, url, clock, log, metrics }: Parts) {
    this.#db = db
    this.segments = new FolderSegments(config.data)
    this.indexer = new Indexer({ data: config.data, db, clock, log })
    this.intake = new Intake({
      db,
      store: this.segments,
      clock,
      added: () => this.indexer.wake(),
    })
    this.jobs = new Jobs(db, clock, url)
    const failed = (error: unknown): void =>
      log.error({ err: error }, 'the database takes no writes')
    this.heartbeats = new Heartbeats({ db, clock, failed })
    this.#silence = new SilenceWatch({
      db,
      clock,
      patienceMs: config.heartbeatOverdue * 1000,
      lostMs: config.lostAfter * 1000,
      failed,
    })
    metrics.gauge(
      'runwarden_segments_behind',
      'segments that are acknowledged and not yet indexed',
      () => this.indexer.behind(),
    )
  }

  /** A job, with all that came of it. */
  async remove(jobId: string): Promise<void> {
    this.#db.transaction(() => {
      this.#db.run('INSERT INTO removed_jobs VALUES (?) ON CONFLICT DO NOTHING', jobId)
      this.#db.run('DELETE FROM job_tokens WHERE job_id = ?', jobId)
      this.#db.run('DELETE FROM jobs WHERE id = ?', jobId)
    })
    await this.segments.remove(jobId)
    this.indexer.wake()
  }

  /** Once, however often it is asked. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close())
  }
  #closed: Promise<void> | undefined

  async #close(): Promise<void> {
    this.#silence[Symbol.dispose]()
    this.heartbeats[Symbol.dispose]()
    await this.indexer.close()
    try {
      this.heartbeats.write()
    } catch {
      // They come again.
    }
  }
}
