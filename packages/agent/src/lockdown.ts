import type { Event, EventOf } from '@runwarden/events'
import type { EventBody } from './event-stream.ts'
import { messageOf } from './errors.ts'

export interface LockdownParts {
  /** Detections that end the job. */
  ids: () => readonly string[]
  /** Ends every process of the job at once. Returns what was done, for people. */
  end: () => string
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
    let ended: string
    let what: string
    try {
      what = `. ${this.#parts.end()}`
      ended = 'the job was ended'
    } catch (error) {
      what = `: ${messageOf(error)}. It goes on under the policy.`
      ended = 'the job was to be ended, and could not be'
    }
    // After the detection itself: every part has seen it by then.
    queueMicrotask(() => this.#tell(event, ended, what))
  }

  #tell(event: EventOf<'detection'>, ended: string, what: string): void {
    const { time, execId, step, id, seq, evidence } = event
    const title = `${ended}: ${event.title}`
    const text = `The policy ends the job when there is a detection ${id} (lockdown)${what}`
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
