import { ChoiceButtons } from '../../../ui/ChoiceButtons.tsx'
import { FilterText } from '../../../ui/FilterText.tsx'
import { DetectionFilter, SeverityFilter } from '../../DetectionFilters.tsx'
import { FilterBar } from '../../FilterBar.tsx'
import { type Filters, oneOf } from '../../filters.ts'
import { periods } from '../../period.ts'
import { PeriodFilter } from '../../PeriodFilter.tsx'
import { states } from './list.ts'

export const names = [
  'state',
  'severity',
  'detection',
  'repository',
  'period',
  'suppression',
] as const
type Name = (typeof names)[number]

/** `open` where the address says none; null: of any. */
export const shownState = (state: string | null): string | null =>
  state === 'any' ? null : (oneOf(states, state) ?? 'open')

export function Narrowing({ filters }: { filters: Filters<Name> }) {
  const { values, set } = filters
  const state = shownState(values.state) ?? 'any'
  return (
    <FilterBar filters={filters}>
      <ChoiceButtons
        legend="State"
        options={[...states, 'any']}
        value={state}
        onPress={(one) => set({ state: one === 'open' ? null : one })}
      />
      <SeverityFilter value={values.severity} onChoose={(severity) => set({ severity })} />
      <DetectionFilter value={values.detection} onWrite={(detection) => set({ detection })} />
      <FilterText
        label="Repository"
        placeholder="owner/name"
        value={values.repository}
        onWrite={(repository) => set({ repository })}
      />
      <PeriodFilter
        label="Found within"
        value={oneOf(periods, values.period)}
        onChoose={(period) => set({ period })}
      />
    </FilterBar>
  )
}
