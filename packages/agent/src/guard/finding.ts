import type { Severity } from '@runwarden/events'

/** One thing that was found wrong with what enforces or records: the detection `agent-tampered`. */
export interface Finding {
  /** Told once for what it is about, as long as it does not change. */
  about: string
  severity: Severity
  title: string
  text: string
}
