import type { Severity, Verdict } from '@runwarden/events'
import { isTampering } from '@runwarden/events/tampering'

const verdicts: Record<Verdict, number> = {
  'attack-blocked': 0,
  blocked: 1,
  'would-block': 2,
  allowed: 3,
}
const severities: Record<Severity, number> = { critical: 0, high: 1, medium: 2, low: 3, info: 4 }

/** What a person must see first: attacks, refusals, then what happened most often; the machine's own last. */
export function byWeight(
  a: { verdict: Verdict; count: number; local?: boolean },
  b: { verdict: Verdict; count: number; local?: boolean },
): number {
  return (
    Number(a.local ?? false) - Number(b.local ?? false) ||
    verdicts[a.verdict] - verdicts[b.verdict] ||
    b.count - a.count
  )
}

/** The gravest first; before all others what takes from everything else its worth. */
export function bySeverity(
  a: { id: string; severity: Severity },
  b: { id: string; severity: Severity },
): number {
  return (
    Number(isTampering(b)) - Number(isTampering(a)) ||
    severities[a.severity] - severities[b.severity]
  )
}
