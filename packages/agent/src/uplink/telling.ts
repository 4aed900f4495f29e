import type { PolicyInForce } from '@runwarden/events/control-plane'
import { withoutSecrets } from '../secrets/scanner.ts'
import { AskError, isFinal } from './ask.ts'

interface Parts {
  /** @throws AskError */
  tell: (policy: PolicyInForce) => Promise<unknown>
  gap: (text: string) => void
}

/** Characters of a document that a control plane takes. */
const longest = 1 << 20
const longestSentence = 1000

/** Tells the control plane which policy is in force: the newest, until it has been heard. */
export class Telling {
  readonly #parts: Parts
  #untold: PolicyInForce | undefined
  #under: Promise<void> | undefined

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** What is in force from now on. In its text of secrets their kind alone stands. */
  isNow({ text, otherwise, ...policy }: Omit<PolicyInForce, 'at'>): void {
    const at = Date.now()
    const shown = text === null ? null : withoutSecrets(text, at)
    this.#untold = {
      ...policy,
      at,
      text: shown !== null && shown.length > longest ? null : shown,
      otherwise: otherwise?.slice(0, longestSentence) ?? null,
    }
    void this.again()
  }

  /** Tries once more, should it be untold. */
  async again(): Promise<void> {
    // It is tried with the next heartbeat, or at the job's end.
    await this.settled().catch(() => undefined)
  }

  /** It is told, or was refused for good. @throws AskError when another try may help */
  async settled(): Promise<void> {
    while (this.#untold !== undefined)
      await (this.#under ??= this.#tell(this.#untold).finally(() => (this.#under = undefined)))
  }

  async #tell(policy: PolicyInForce): Promise<void> {
    try {
      await this.#parts.tell(policy)
    } catch (error) {
      if (!(error instanceof AskError)) throw error
      // An older control plane does not ask for it.
      if (!isFinal(error) && error.status !== 404) throw error
      if (error.status !== 404)
        this.#parts.gap(`the job's policy is not shown at the control plane: ${error.message}`)
    }
    if (this.#untold === policy) this.#untold = undefined
  }
}
