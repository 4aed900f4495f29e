import type { Event, EventOf } from '@runwarden/events'
import type { EventBody } from './event-stream.ts'
import { messageOf } from './errors.ts'

export interface LockdownParts {
  /** Detections that end the job. */
  ids: () => readonly string[]
  /** Ends every process of the scope at once. */
  end: () => void
  emit: (body: Extract<EventBody, { kind: 'detection' }>) => void
  say: (text: string) => void
}

/** Ends the job when a detection is found that the policy names, and tells why. Once. */
export class Lockdown {
  readonly #parts: LockdownParts
  #done = false

  constructor(parts: LockdownParts) {
    this.#parts = parts
  }

  see(event: Event): void {
    if (event.kind !== 'detection' || this.#done) return
    if (event.suppressed !== undefined || !this.#parts.ids().includes(event.id)) return
    this.#done = true
    let failure = ''
    try {
      this.#parts.end()
    } catch (error) {
      failure = messageOf(error)
    }
    // After the detection itself: every part has seen it by then.
    queueMicrotask(() => this.#tell(event, failure))
  }

  #tell(event: EventOf<'detection'>, failure: string): void {
    const { time, execId, step, id, seq, evidence } = event
    const title =
      failure === ''
        ? `the job was ended: ${event.title}`
        : `the job was to be ended, and could not be: ${event.title}`
    const text =
      failure === ''
        ? `The policy ends the job when there is a detection ${id} (lockdown). Every process of the scope was killed.`
        : `The policy ends the job when there is a detection ${id} (lockdown): ${failure}. It goes on under the policy.`
    this.#parts.say(title)
    this.#parts.emit({
      kind: 'detection',
      time,
      execId,
      step,
      id: 'job-locked-down',
      severity: 'high',
      title,
      text,
      evidence: [...evidence, seq],
    })
  }
}
