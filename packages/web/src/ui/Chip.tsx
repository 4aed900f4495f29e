import type { Severity, Verdict } from '@runwarden/events'

/** One of the four words, told by its text as well as by its colour. */
export function VerdictChip({ verdict }: { verdict: Verdict }) {
  return <span className={`chip verdict-${verdict}`}>{verdict}</span>
}

export function SeverityChip({ severity }: { severity: Severity }) {
  return <span className={`chip severity-${severity}`}>{severity}</span>
}
