import type { Severity, Verdict } from '@runwarden/events'
import { grouped } from '@runwarden/report/view'
import { severities, verdicts } from './alarm.ts'
import { SeverityChip, VerdictChip } from './Chip.tsx'

/** How many acts had each verdict; those that were let through only as a number. */
export function VerdictCounts({ calls }: { calls: Readonly<Partial<Record<Verdict, number>>> }) {
  const found = verdicts.filter((verdict) => (calls[verdict] ?? 0) > 0)
  if (found.length === 0) return <span className="unknown">no calls</span>
  return (
    <span className="counts">
      {found.map((verdict) => (
        <span key={verdict}>
          <VerdictChip verdict={verdict} /> {grouped(calls[verdict] ?? 0)}
        </span>
      ))}
    </span>
  )
}

/** How many detections of each severity there are. */
export function SeverityCounts({
  counts,
}: {
  counts: Readonly<Partial<Record<Severity, number>>>
}) {
  const found = severities.filter((severity) => (counts[severity] ?? 0) > 0)
  if (found.length === 0) return <span className="unknown">none</span>
  return (
    <span className="counts">
      {found.map((severity) => (
        <span key={severity}>
          <SeverityChip severity={severity} /> {grouped(counts[severity] ?? 0)}
        </span>
      ))}
    </span>
  )
}
