import { read } from 'node:fs'
import type { ToRead, WasRead } from './contract.ts'
import { Reading } from './reading.ts'

/** So much is hashed in one turn: some 0.3 ms. */
const chunkBytes = 512 << 10

/**
 * Small files of programs, hashed on this thread while others read them from the disk: to begin a thread for them would cost more than
 * they do. One is read at a time, the smallest first: where that never ends, one of the threads that read for this process waits, and no other.
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
    this.#busy = this.#waiting.length > 0
    if (!this.#busy) {
      this.#chunk = undefined
      return
    }
    const file = this.#waiting.reduce((least, one) => (one.size < least.size ? one : least))
    this.#waiting.splice(this.#waiting.indexOf(file), 1)
    this.#read(new Reading(file))
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
