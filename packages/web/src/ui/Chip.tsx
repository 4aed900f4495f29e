import type { Severity, Verdict } from '@runwarden/events'
import { Sign } from './Sign.tsx'

const signs: Record<Verdict, string> = {
  allowed: 'M2.5 6.5 5 9l4.5-5.5',
  blocked: 'm3 3 6 6M9 3 3 9',
  'would-block': 'M6 2.2v4.4M6 9.4v.2',
  'attack-blocked': 'M6 1.5 10.5 10h-9zM6 4.6v2.6M6 8.6v.1',
}

/** One of the four words, told by its text and its sign as well as by its colour. */
export function VerdictChip({ verdict }: { verdict: Verdict }) {
  return (
    <span className={`chip verdict-${verdict}`}>
      <Sign d={signs[verdict]} strokeWidth={1.6} size={10} />
      {verdict}
    </span>
  )
}

/** All that came of something. */
export function VerdictChips({ verdicts }: { verdicts: readonly Verdict[] }) {
  return (
    <span className="counts">
      {verdicts.map((verdict) => (
        <VerdictChip key={verdict} verdict={verdict} />
      ))}
    </span>
  )
}

export function SeverityChip({ severity }: { severity: Severity }) {
  return <span className={`chip severity-${severity}`}>{severity}</span>
}
