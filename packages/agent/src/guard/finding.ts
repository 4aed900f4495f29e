import type { Severity } from '@runwarden/events'

/** One thing that was found wrong with what enforces or records: the detection `agent-tampered`. */
export interface Finding {
  severity: Severity
  title: string
  text: string
}
