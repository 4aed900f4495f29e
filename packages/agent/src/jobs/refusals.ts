import type { AgentError } from '../errors.ts'
import type { GovernedScope } from '../service/governed.ts'
import { tellRefusal } from './who-asks.ts'

/** Of one scope: a step can ask in as many ways as it likes. */
const most = 32

/** Attempts on the agent by processes of one scope, or of none: each step's are told once for each reason. */
export class Refusals {
  readonly #scope: GovernedScope | undefined
  readonly #say: (text: string) => void
  readonly #told = new Set<string>()
  #more = 0

  constructor(scope: GovernedScope | undefined, say: (text: string) => void) {
    this.#scope = scope
    this.#say = say
  }

  tell(refusal: AgentError, pid: number): void {
    if (this.#told.size >= most) {
      this.#more++
      return
    }
    const step = this.#scope?.watch.processAt(pid)?.step ?? ''
    // A step has as many processes as it likes.
    const what = `${step} ${refusal.message.replaceAll(/\bprocess \d+/g, 'process')}`
    if (this.#told.has(what)) {
      this.#more++
      return
    }
    this.#told.add(what)
    this.#say(`refused: ${refusal.message}`)
    if (this.#scope !== undefined) tellRefusal(refusal, pid, this.#scope)
  }

  /** Tells how many more there were: the record is about to be closed. */
  close(): void {
    if (this.#more === 0 || this.#scope === undefined) return
    const { stream } = this.#scope
    stream.emit({
      kind: 'detection',
      time: Date.now(),
      execId: null,
      step: null,
      id: 'agent-tampered',
      severity: 'high',
      title: `the agent was asked in the name of the action ${this.#more} more times`,
      text: `Of these attempts each step's are told once for each reason, and ${most} in all. All were refused, and nothing has changed.`,
      evidence: [],
    })
    this.#more = 0
  }
}
