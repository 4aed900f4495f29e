import type { Event, EventOf } from '@runwarden/events'
import { type CompiledPolicy, decide } from '@runwarden/policy'
import type { AnsweredNames } from '../answered-names.ts'

/**
 * Judges again, here, what the kernel's maps let pass: a connection that the policy does not allow
 * and that was let through shows that somebody has written to them, whichever way.
 */
export class Verdicts {
  readonly #names: AnsweredNames
  readonly #fromStart: boolean

  /**
   * @param names what answers led to, as soon as they are known of: the event that tells of one may come later
   * @param fromStart nothing was learned before this
   */
  constructor(names: AnsweredNames, fromStart: boolean) {
    this.#names = names
    this.#fromStart = fromStart
  }

  /** An address was allowed, by a name as it seems, that no answer has led to so far. */
  isUnanswered(event: Event): event is EventOf<'net.connect'> {
    return (
      event.kind === 'net.connect' &&
      event.verdict === 'allowed' &&
      event.rule !== null &&
      event.via !== 'socket' &&
      this.#fromStart &&
      !this.#names.forgot &&
      this.#names.nameOf(event.address) === null
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
