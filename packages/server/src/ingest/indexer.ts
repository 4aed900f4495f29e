/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origin */
import { extname } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { Database } from '../db/database.ts'
import { HttpError } from '../error.ts'
import { addFinding, type Finding } from './findings.ts'
import { indexPath } from './index-schema.ts'
import type { IndexerAsk, IndexerTold } from './indexer-contract.ts'

/** After that a thread that ended by itself is started again. */
const againMs = 1000
/** Who asks for a view while the thread has not begun waits so long. */
const readyMs = 10_000
/** Detections of one transaction. */
const takeAtOnce = 500

interface Parts {
  data: string
  db: Database
  clock: () => number
  log: { warn: (message: string) => void; error: (value: object, message: string) => void }
}

/** The indexer's thread, and what it has found so far. */
export class Indexer {
  readonly #parts: Parts
  #worker: Worker | undefined
  #read: Database | undefined
  #position = 0
  #removed: string[] = []
  #waiting: { position: number; done: () => void }[] = []
  #ends = false
  #begun: NodeJS.Timeout | undefined
  #retry: NodeJS.Timeout | undefined
  readonly #ready = Promise.withResolvers<void>()

  constructor(parts: Parts) {
    this.#parts = parts
    this.#begin()
  }

  /** The index, to read in; at once but for the server's first moments. */
  async index(): Promise<Database> {
    const end = new AbortController()
    await Promise.race([
      this.#ready.promise,
      setTimeout(readyMs, undefined, { signal: end.signal }).catch(() => undefined),
    ])
    end.abort()
    if (this.#read === undefined)
      throw new HttpError(503, 'no-index', 'the index is not ready; try again later')
    return this.#read
  }

  /** There is more to do. */
  wake(): void {
    this.#ask('wake')
  }

  /** The number of the last segment that was acknowledged. */
  #last(): number {
    return this.#parts.db.get<{ n: number | null }>('SELECT max(number) AS n FROM segments')?.n ?? 0
  }

  /** How many segments are acknowledged and not yet indexed. */
  behind(): number {
    return Math.max(0, this.#last() - this.#position)
  }

  /** Resolves when what is acknowledged now is indexed, or after `patienceMs`. */
  async settled(patienceMs: number): Promise<void> {
    const position = this.#last()
    if (position <= this.#position) return
    const done = Promise.withResolvers<void>()
    this.#waiting.push({ position, done: done.resolve })
    const end = new AbortController()
    await Promise.race([
      done.promise,
      setTimeout(patienceMs, undefined, { signal: end.signal }).catch(() => undefined),
    ])
    end.abort()
  }

  async close(): Promise<void> {
    this.#ends = true
    clearTimeout(this.#begun)
    clearTimeout(this.#retry)
    const worker = this.#worker
    if (worker !== undefined) {
      const ended = new Promise((resolve) => worker.once('exit', resolve))
      this.#ask('end')
      await ended
    }
    this.#read?.close()
  }

  #ask(ask: IndexerAsk): void {
    this.#worker?.postMessage(ask)
  }

  #begin(): void {
    const { data, log } = this.#parts
    const own = new URL(import.meta.url)
    const worker = new Worker(new URL(`./worker${extname(own.pathname)}`, own), {
      name: 'runwarden-indexer',
      workerData: { data },
      // Events are short-lived: of a young generation that holds a segment of the usual size little is copied. The old one has to hold
      // what a segment of the largest size comes to.
      resourceLimits: { maxYoungGenerationSizeMb: 32, maxOldGenerationSizeMb: 512 },
    })
    this.#worker = worker
    worker.on('message', (told: IndexerTold) => this.#told(told))
    worker.on('error', (error) => log.error({ err: error }, 'the indexer failed'))
    worker.on('exit', () => {
      this.#worker = undefined
      if (this.#ends) return
      log.warn('the indexer has ended, and is started again')
      this.#begun = globalThis.setTimeout(() => this.#begin(), againMs)
    })
  }

  #told(told: IndexerTold): void {
    switch (told.kind) {
      case 'ready':
        // It may be another file than before.
        this.#read?.close()
        this.#read = new Database(indexPath(this.#parts.data), { readOnly: true })
        this.#position = told.position
        this.#ready.resolve()
        this.#take()
        break
      case 'indexed':
        this.#position = told.position
        this.#take()
        break
      case 'removed':
        this.#removed.push(...told.jobIds)
        this.#take()
        break
      case 'failed':
        this.#parts.log.warn(`the indexer ${told.message}`)
    }
  }

  /** Takes what the thread has found and done into the server's database; where that takes nothing now, some time later. */
  #take(): void {
    clearTimeout(this.#retry)
    if (this.#ends || this.#read === undefined) return
    const { db, log } = this.#parts
    try {
      if (!this.#takeDetections(this.#read)) {
        // Others get their turn: one job may have told more than is taken at once a hundred times.
        this.#retry = globalThis.setTimeout(() => this.#take())
        return
      }
      if (this.#removed.length > 0)
        db.transaction(() => {
          for (const id of this.#removed) db.run('DELETE FROM removed_jobs WHERE id = ?', id)
        })
      this.#removed = []
    } catch (error) {
      log.error({ err: error }, 'the database takes no writes')
      this.#retry = globalThis.setTimeout(() => this.#take(), againMs)
      return
    }
    for (const { position, done } of this.#waiting) if (position <= this.#position) done()
    this.#waiting = this.#waiting.filter(({ position }) => position > this.#position)
  }

  /**
   * Detections go to the server's database, where people work with them: each once, whenever the server ends.
   * @returns whether those were all
   */
  #takeDetections(index: Database): boolean {
    const { db, clock } = this.#parts
    const { taken } = db.get<{ taken: number }>('SELECT detections_taken AS taken FROM ingest') ?? {
      taken: 0,
    }
    const rows = index.all<{ number: number; jobId: string; data: string }>(
      'SELECT number, job_id AS jobId, data FROM detections WHERE number > ? ORDER BY number LIMIT ?',
      taken,
      takeAtOnce,
    )
    const last = rows.at(-1)
    if (last === undefined) return true
    db.transaction(() => {
      for (const { jobId, data } of rows)
        addFinding(db, jobId, clock(), JSON.parse(data) as Finding)
      db.run('UPDATE ingest SET detections_taken = ?', last.number)
    })
    return rows.length < takeAtOnce
  }
}
