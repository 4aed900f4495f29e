import type { Severity } from '@runwarden/events'
import { severities } from '../ui/alarm.ts'
import { Choice } from '../ui/Choice.tsx'
import { FilterText } from '../ui/FilterText.tsx'
import { oneOf } from './filters.ts'

interface SeverityProps {
  value: string | null
  onChoose: (severity: Severity | null) => void
}

/** How grave the detections are that a list is about. */
export function SeverityFilter({ value, onChoose }: SeverityProps) {
  return (
    <Choice
      label="Severity"
      all="Any severity"
      options={severities}
      value={oneOf<Severity>(severities, value)}
      onChoose={onChoose}
    />
  )
}

interface DetectionProps {
  value: string | null
  onWrite: (detection: string | null) => void
}

/** Which detections a list is about. */
export function DetectionFilter({ value, onWrite }: DetectionProps) {
  return (
    <FilterText label="Detection" placeholder="reverse-shell" value={value} onWrite={onWrite} />
  )
}
