import { randomUUID } from 'node:crypto'
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Masks } from './masks.ts'

/** The runner's page: `_diag/pages/<timeline>_<record>_<number>.log`. */
const PAGE_SIZE = 8 * 1024 * 1024

/** One record's log, in pages that are made when there is something to write. */
class Record {
  readonly #base: string
  #file: number | undefined
  #bytes = 0
  #pages = 0

  constructor(folder: string, timeline: string) {
    this.#base = join(folder, `${timeline}_${randomUUID()}`)
  }

  write(line: string): void {
    if (this.#file === undefined || this.#bytes >= PAGE_SIZE) {
      this.end()
      this.#file = openSync(`${this.#base}_${++this.#pages}.log`, 'wx', 0o644)
      this.#bytes = 0
      // As .NET writes UTF-8.
      writeSync(this.#file, '\ufeff')
    }
    this.#bytes += Buffer.byteLength(line)
    writeSync(this.#file, `${line}\n`)
  }

  end(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }
}

/** The log of a step; what it says is also in the job's. */
export interface StepLog {
  /** Masked, and with its time in front. */
  line(text: string): void
  end(): void
}

/** What a job says: one record for the job, and one for each of its steps. */
export class JobLog {
  readonly #folder: string
  readonly #timeline = randomUUID()
  readonly #masks: Masks
  readonly #job: Record

  constructor(folder: string, masks: Masks) {
    this.#folder = folder
    this.#masks = masks
    mkdirSync(folder, { recursive: true })
    this.#job = new Record(folder, this.#timeline)
  }

  step(): StepLog {
    const record = new Record(this.#folder, this.#timeline)
    return {
      line: (text) => {
        const masked = this.#masks.apply(text)
        // .NET has seven digits of a second.
        const line = `${new Date().toISOString().slice(0, -1)}0000Z ${masked}`
        record.write(line)
        this.#job.write(line)
        console.log(masked)
      },
      end: () => record.end(),
    }
  }

  end(): void {
    this.#job.end()
  }
}
