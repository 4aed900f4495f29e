import { readSync } from 'node:fs'
import type { ToRead, WasRead } from './contract.ts'
import { leastLeft, Reading } from './reading.ts'

const chunkBytes = 1 << 20
let chunk: Buffer | undefined

/** Files of programs that are to be hashed, part by part. */
export class Readings {
  readonly #reply: (reply: WasRead) => void
  #all: Reading[] = []

  constructor(reply: (reply: WasRead) => void) {
    this.#reply = reply
  }

  /** Whether something is to be read. */
  get busy(): boolean {
    return this.#all.length > 0
  }

  add(file: ToRead): void {
    this.#all.push(new Reading(file))
  }

  /** Reads one part of one file. */
  step(): void {
    if (this.#all.length === 0) return
    const reading = leastLeft(this.#all)
    const reply = reading.take(nextOf(reading))
    if (reply === undefined) return
    this.#all.splice(this.#all.indexOf(reading), 1)
    this.#reply(reply)
  }

  /** @returns what was not answered: it is to be read from its beginning */
  giveUp(): ToRead[] {
    return this.#all.splice(0).map(({ file }) => file)
  }
}

function nextOf({ file, at }: Reading): Buffer | null {
  chunk ??= Buffer.allocUnsafeSlow(chunkBytes)
  try {
    return chunk.subarray(0, readSync(file.fd, chunk, 0, chunkBytes, at))
  } catch {
    return null
  }
}
