import { read } from 'node:fs'
import type { ToRead, WasRead } from './contract.ts'
import { leastLeft, Reading } from './reading.ts'

/** So much is hashed in one turn: some 0.3 ms. */
const chunkBytes = 512 << 10

/**
 * Small files of programs, hashed on this thread while others read them from the disk: to begin a thread for them would cost more than
 * they do. One part is read at a time, of what has least left: where that never ends, one of the threads that read for this process waits, and no other.
 */
export class SmallReadings {
  readonly #reply: (reply: WasRead) => void
  readonly #all: Reading[] = []
  #chunk: Buffer | undefined
  #busy = false

  constructor(reply: (reply: WasRead) => void) {
    this.#reply = reply
  }

  add(file: ToRead): void {
    this.#all.push(new Reading(file))
    if (!this.#busy) this.#next()
  }

  #next(): void {
    this.#busy = this.#all.length > 0
    if (this.#busy) this.#read(leastLeft(this.#all))
    else this.#chunk = undefined
  }

  #read(reading: Reading): void {
    const chunk = (this.#chunk ??= Buffer.allocUnsafeSlow(chunkBytes))
    read(reading.file.fd, chunk, 0, chunkBytes, reading.at, (error, bytes) => {
      const reply = reading.take(error === null ? chunk.subarray(0, bytes) : null)
      if (reply !== undefined) this.#all.splice(this.#all.indexOf(reading), 1)
      this.#next()
      if (reply !== undefined) this.#reply(reply)
    })
  }
}
