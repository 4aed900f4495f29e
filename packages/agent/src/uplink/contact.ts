import { messageOf } from '../errors.ts'
import { AskError } from './ask.ts'

/** Nothing heard for so long, or no segment taken, is told. */
const outageMs = 60_000

/** Why what waits was not sent. */
interface Failure {
  why: string
  /** By the control plane, or by what is before it; else it was not reached. */
  answered: boolean
  /** By performance.now(). */
  since: number
  told: boolean
}

/** How a job stands with its control plane: when it was heard, and whether it takes and keeps what is sent. What is not so is told, once each. */
export class Contact {
  readonly #gap: (text: string) => void
  #heard = performance.now()
  #outage = false
  /** Of what waits to be sent; undefined: it went well, or nothing was tried yet. */
  #failure: Failure | undefined
  #acknowledged = 0
  /** How many of these it said that it has no more. */
  #missing = 0

  constructor(gap: (text: string) => void) {
    this.#gap = gap
  }

  /** Segments that it has acknowledged to this agent. */
  get acknowledged(): number {
    return this.#acknowledged
  }

  /** Why what waits was not sent; undefined: nothing has failed since something was. */
  get failure(): string | undefined {
    return this.#failure?.why
  }

  /** @returns whether what waits may go at once: it was not reached when that was tried. What it answers to segments is for the pause between them. */
  heard(): boolean {
    this.#heard = performance.now()
    this.#outage = false
    return this.#failure?.answered === false
  }

  failed(error: unknown): void {
    const answered = error instanceof AskError && error.status !== null
    const { since = performance.now(), told = false } = this.#failure ?? {}
    this.#failure = { why: messageOf(error), answered, since, told }
  }

  /** A segment was acknowledged, or refused for good. */
  sent(acknowledged: boolean): void {
    if (acknowledged) this.#acknowledged++
    this.#failure = undefined
  }

  /**
   * It has answered a heartbeat, which alone says nothing of the events.
   * @param acknowledged segments, when it was asked
   * @param there segments that it has; undefined: an older one does not say
   */
  beat(acknowledged: number, there = acknowledged): void {
    const missing = acknowledged - there
    if (missing > this.#missing) {
      this.#missing = missing
      this.#gap(
        `the control plane has no more ${missing} of the ${acknowledged} segments of events that it had acknowledged: it was restored from a backup of before, or somebody laid hands on it`,
      )
    }
    const failure = this.#failure
    if (failure === undefined || failure.told || performance.now() - failure.since < outageMs)
      return
    failure.told = true
    this.#gap(`the control plane does not take the job's events (${failure.why}): they wait for it`)
  }

  /** It has not answered a heartbeat. */
  missed(error: unknown): void {
    if (this.#outage || performance.now() - this.#heard < outageMs) return
    this.#outage = true
    this.#gap(
      `the control plane does not answer (${messageOf(error)}): events wait for it, and new entries of its block list are not in force`,
    )
  }
}
