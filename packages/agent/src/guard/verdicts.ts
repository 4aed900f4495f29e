import type { Event, EventOf } from '@runwarden/events'
import { type CompiledPolicy, decide } from '@runwarden/policy'

/** Addresses that answers led to; beyond, what was allowed by name is not judged any more. */
const addressesKept = 1 << 18

/**
 * Judges again, here, what the kernel's maps let pass: a connection that the policy does not allow
 * and that was let through shows that somebody has written to them, whichever way.
 */
export class Verdicts {
  readonly #answered = new Set<string>()
  /** False: names were answered before, or more than can be kept. */
  #judgesNames: boolean

  /** @param fromStart nothing was learned before this */
  constructor(fromStart: boolean) {
    this.#judgesNames = fromStart
  }

  /** Takes note of what a name led to. */
  answered(event: EventOf<'dns.query'>): void {
    for (const address of event.addresses) this.#answered.add(address)
    if (this.#answered.size <= addressesKept) return
    this.#judgesNames = false
    this.#answered.clear()
  }

  /** An address was allowed, by a name as it seems, that no answer has led to so far. */
  isUnanswered(event: Event): event is EventOf<'net.connect'> {
    return (
      event.kind === 'net.connect' &&
      event.verdict === 'allowed' &&
      event.rule !== null &&
      event.via !== 'socket' &&
      this.#judgesNames &&
      !this.#answered.has(event.address)
    )
  }

  /** What was let through against the policy, in words; null: it was right. Call it when all answers are known. */
  judge(event: EventOf<'net.connect'>, compiled: CompiledPolicy): string | null {
    if (event.via === 'socket' || event.address === '') return null
    if (event.verdict === 'would-block' && compiled.egress === 'block')
      return 'passed as if the policy did not block'
    if (!this.isUnanswered(event)) return null
    const { address, port, protocol } = event
    const { verdict } = decide(compiled, {
      host: null,
      address,
      port,
      protocol,
      fulfils: () => true,
    })
    return verdict === 'allowed'
      ? null
      : 'was allowed, and no line of the policy and no answer led there'
  }
}
