import { counted } from '@runwarden/report/view'
import { VerdictCounts } from '../../ui/Counts.tsx'
import { Code, Text } from '../../ui/Text.tsx'
import type { Grouping, NetworkSection } from './sections.ts'

const unknown: Record<Grouping, string> = {
  step: 'Outside of every step',
  program: 'A program that is not known',
}

/** Above the destinations of a step or program: who it is, and how its destinations fared. */
export function SectionHeading(props: { section: NetworkSection; by: Grouping }) {
  const {
    by,
    section: { name, groups, verdicts },
  } = props
  return (
    <span className="inline">
      {name === null ? (
        unknown[by]
      ) : by === 'step' ? (
        <Text value={name} limit={160} />
      ) : (
        <Code value={name} limit={160} />
      )}
      <span className="aside">{counted(groups.length, 'destination')}</span>
      <VerdictCounts calls={verdicts} />
    </span>
  )
}
