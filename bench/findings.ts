import { openSync, readSync } from 'node:fs'
import type { Event } from '@runwarden/events'

/** Reads a file of events as it grows. Times are milliseconds since the boot of a machine that has not slept since. */
export class Findings {
  readonly #found: { rule: string | undefined; act: number; seen: number }[] = []
  /** Of the agent's clock: a process begins before its first program, by less than a millisecond for the quickest. */
  #epochOfBoot = Infinity
  readonly #file: number
  readonly #buffer = Buffer.alloc(1 << 20)
  #rest = ''

  constructor(file: string) {
    this.#file = openSync(file, 'r')
  }

  read(): void {
    for (let bytes; (bytes = readSync(this.#file, this.#buffer)) > 0;) {
      const seen = Number(process.hrtime.bigint()) / 1e6
      const lines = (this.#rest + this.#buffer.toString('utf8', 0, bytes)).split('\n')
      this.#rest = lines.pop() ?? ''
      for (const line of lines) this.#take(JSON.parse(line) as Event, seen)
    }
  }

  #take(event: Event, seen: number): void {
    if (event.kind === 'process.exec') {
      const began = Number(event.execId?.split('-')[1]) / 1e6
      this.#epochOfBoot = Math.min(this.#epochOfBoot, event.time - began)
    } else if (event.kind === 'detection') {
      this.#found.push({ rule: event.rule, act: event.time, seen })
    }
  }

  /** How long each finding of a rule took. */
  latencies(rule: string): number[] {
    return this.#found
      .filter((one) => one.rule === rule)
      .map(({ act, seen }) => seen - (act - this.#epochOfBoot))
  }
}
