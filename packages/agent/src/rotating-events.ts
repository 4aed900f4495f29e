import { messageOf } from './errors.ts'
import { EventFile, type OutputFolder } from './output.ts'

/** When events.ndjson is put aside and begun anew, and how many older ones stay. */
export interface Rotation {
  /** Bytes that make it full. */
  bytes: number
  /** Age in milliseconds at which the next event goes to a new one. */
  ms: number
  /** Older files that are kept, 1 or more: the next one takes the oldest's place. */
  keep: number
}

/** What becomes of a record that has no end in sight: about 1 GiB at most. */
export const serviceRotation: Rotation = { bytes: 64 * 2 ** 20, ms: 86_400_000, keep: 15 }

interface RotatingOptions {
  folder: OutputFolder
  name: string
  /** Without, it is one file that only grows: a run has an end. */
  rotation?: Rotation | undefined
  /** Told at once when events can't be written any more. */
  onFailure: (failure: string) => void
  /** Told how many events went with a file that was removed for its age. */
  onDropped: (events: number) => void
}

/** The events of a record: `name` has the newest ones, `name.1` those before them, and so on. */
export class RotatingEvents {
  readonly #options: RotatingOptions
  #file: EventFile
  #since = Date.now()
  #events = 0
  /** Events in each older file, the newest first. */
  readonly #older: number[] = []
  #tampering = ''
  #failure = ''
  #lost = 0
  /** Events that were removed with the oldest files. */
  dropped = 0

  constructor(options: RotatingOptions) {
    this.#options = options
    this.#file = this.#begin()
  }

  /** Why events can't be written any more; empty while all went well. */
  get failure(): string {
    return this.#failure || this.#file.failure
  }

  /** Events that could not be written. */
  get lost(): number {
    return this.#lost + this.#file.lost
  }

  add(line: string): void {
    if (this.#isFull()) this.#rotate()
    if (this.#failure !== '') {
      this.#lost++
      return
    }
    this.#file.add(line)
    this.#events++
  }

  flush(): void {
    if (this.#failure === '') this.#file.flush()
  }

  /** What somebody else did to the files in their folder, as far as it shows; empty: nothing. */
  tampering(): string {
    if (this.#failure !== '') return this.#tampering
    return this.#tampering || this.#file.tampering(this.#options.folder, this.#options.name)
  }

  close(): void {
    if (this.#failure === '') this.#file.close()
  }

  #begin(): EventFile {
    const { folder, name, onFailure } = this.#options
    return new EventFile(folder.create(name), onFailure)
  }

  #isFull(): boolean {
    const { rotation } = this.#options
    if (rotation === undefined || this.#events === 0 || this.failure !== '') return false
    return this.#file.bytes >= rotation.bytes || Date.now() - this.#since >= rotation.ms
  }

  #rotate(): void {
    const { folder, name, rotation, onFailure, onDropped } = this.#options
    const keep = rotation?.keep ?? 1
    this.#tampering ||= this.#file.tampering(folder, name)
    this.#file.close()
    try {
      for (let number = Math.min(this.#older.length, keep - 1); number >= 1; number--)
        folder.rename(`${name}.${number}`, `${name}.${number + 1}`)
      folder.rename(name, `${name}.1`)
    } catch (error) {
      // Nobody else has a reason to take one of them away.
      this.#tampering ||= `${name} could not be put aside: ${messageOf(error)}`
    }
    if (this.#older.length === keep) {
      const events = this.#older.pop() ?? 0
      this.dropped += events
      onDropped(events)
    }
    this.#older.unshift(this.#events)
    const lost = this.#file.lost
    try {
      this.#file = this.#begin()
      this.#lost += lost
    } catch (error) {
      this.#failure = messageOf(error)
      onFailure(this.#failure)
    }
    this.#since = Date.now()
    this.#events = 0
  }
}
