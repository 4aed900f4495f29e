import { Choice } from '../ui/Choice.tsx'
import { type Period, periods, periodWords } from './period.ts'

interface Props {
  label: string
  /** What it means that no period is chosen. */
  all?: string
  value: Period | null
  onChoose: (period: Period | null) => void
}

const words = periods.map((period) => periodWords[period])

/** How far back a list goes. */
export function PeriodFilter({ label, all = 'Any time', value, onChoose }: Props) {
  return (
    <Choice
      label={label}
      all={all}
      options={words}
      value={value === null ? null : periodWords[value]}
      onChoose={(word) => onChoose(periods.find((period) => periodWords[period] === word) ?? null)}
    />
  )
}
