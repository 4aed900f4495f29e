import { counted } from '@runwarden/report/view'
import { VerdictCounts } from '../../ui/Counts.tsx'
import { Code, Text } from '../../ui/Text.tsx'
import { ProcessName } from './ProcessName.tsx'
import type { Grouping, NetworkSection } from './sections.ts'

const unknown: Record<Grouping, string> = {
  step: 'Outside of every step',
  program: 'A program that is not known',
  process: 'A process that is not known',
}

/** Above the destinations of a step, program or process: who it is, and how its destinations fared. */
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
      ) : by === 'process' ? (
        <ProcessName execId={name} program={groups[0]?.programs[0] ?? null} />
      ) : (
        <Code value={name} limit={160} />
      )}
      <span className="aside">{counted(groups.length, 'destination')}</span>
      <VerdictCounts calls={verdicts} />
    </span>
  )
}
