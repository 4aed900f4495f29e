import type { ProgramAsk, ProgramReply } from './contract.ts'
import { Reading } from './reading.ts'

/** Files that wait, open. */
const mostOpen = 64

/**
 * Files of programs that are to be hashed. Each is opened at once, before its process ends. What has least left is read first: behind
 * a language's whole runtime, the small programs of a short job were not read before its end.
 */
export class Readings {
  readonly #reply: (reply: ProgramReply) => void
  #asks: ProgramAsk[] = []
  #open: Reading[] = []

  constructor(reply: (reply: ProgramReply) => void) {
    this.#reply = reply
  }

  /** Whether something is to be read. */
  get busy(): boolean {
    return this.#open.length > 0
  }

  add(ask: ProgramAsk): void {
    this.#asks.push(ask)
    this.#openSome()
  }

  /** Reads one part of one file. */
  step(): void {
    if (this.#open.length === 0) return
    const reading = this.#open.reduce((least, one) => (one.left < least.left ? one : least))
    const reply = reading.next()
    if (reply === undefined) return
    this.#open.splice(this.#open.indexOf(reading), 1)
    this.#reply(reply)
    this.#openSome()
  }

  /** Closes all files. @returns what was not answered */
  giveUp(): ProgramAsk[] {
    const asks = [...this.#open.map((reading) => reading.close()), ...this.#asks]
    this.#open = []
    this.#asks = []
    return asks
  }

  #openSome(): void {
    while (this.#open.length < mostOpen) {
      const ask = this.#asks.shift()
      if (ask === undefined) return
      const begun = Reading.begin(ask)
      if (begun instanceof Reading) this.#open.push(begun)
      else this.#reply(begun)
    }
  }
}
