import { read } from 'node:fs'
import type { ToRead, WasRead } from './contract.ts'
import { Reading } from './reading.ts'

/** So much is hashed in one turn: some 0.2 ms. */
const chunkBytes = 128 << 10

/**
 * Small files of programs, hashed on this thread while others read them from the disk: to begin a thread for them would cost more than
 * they do. One is read at a time: where that never ends, one of the threads that read for this process waits, and no other.
 */
export class SmallReadings {
  readonly #reply: (reply: WasRead) => void
  readonly #waiting: ToRead[] = []
  #chunk: Buffer | undefined
  #busy = false

  constructor(reply: (reply: WasRead) => void) {
    this.#reply = reply
  }

  add(file: ToRead): void {
    this.#waiting.push(file)
    if (!this.#busy) this.#next()
  }

  #next(): void {
    const file = this.#waiting.shift()
    this.#busy = file !== undefined
    if (file === undefined) this.#chunk = undefined
    else this.#read(new Reading(file))
  }

  #read(reading: Reading): void {
    const chunk = (this.#chunk ??= Buffer.allocUnsafeSlow(chunkBytes))
    read(reading.file.fd, chunk, 0, chunkBytes, reading.at, (error, bytes) => {
      const reply = reading.take(error === null ? chunk.subarray(0, bytes) : null)
      if (reply === undefined) return this.#read(reading)
      this.#next()
      this.#reply(reply)
    })
  }
}
