import type { Database } from '../../db/database.ts'
import { KeyTable } from './key-table.ts'

/** Slots (12 bytes) of tables that are remembered; those of the jobs that come least often are read again. */
const mostSlots = 2_500_000

/** Keys of the files' rows of jobs that run now. */
export class KnownFiles {
  readonly #db: Database
  readonly #jobs = new Map<number, KeyTable>()

  constructor(db: Database) {
    this.#db = db
  }

  of(job: number): KeyTable {
    const known = this.#jobs.get(job) ?? this.#read(job)
    // Behind all others: the first are forgotten first.
    this.#jobs.delete(job)
    this.#makeRoom(known.slots)
    this.#jobs.set(job, known)
    return known
  }

  forget(): void {
    this.#jobs.clear()
  }

  #makeRoom(slots: number): void {
    let all = slots
    for (const one of this.#jobs.values()) all += one.slots
    for (const [job, one] of this.#jobs) {
      if (all <= mostSlots) return
      this.#jobs.delete(job)
      all -= one.slots
    }
  }

  #read(job: number): KeyTable {
    const known = new KeyTable()
    const chunks = this.#db.all<{ keys: Uint8Array }>(
      'SELECT keys FROM files WHERE job = ? ORDER BY first',
      job,
    )
    for (const { keys } of chunks) {
      const view = new DataView(keys.buffer, keys.byteOffset, keys.byteLength)
      for (let at = 0; at < keys.length; at += 8) {
        const hash = { low: view.getInt32(at, true), high: view.getInt32(at + 4, true) }
        known.add(hash, known.size + 1)
      }
    }
    return known
  }
}
