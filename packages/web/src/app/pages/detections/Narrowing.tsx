import { Choice } from '../../../ui/Choice.tsx'
import { severities } from '../../../ui/Counts.tsx'
import { FilterText } from '../../../ui/FilterText.tsx'
import { type Filters, oneOf } from '../../filters.ts'
import { periods, periodWords } from '../../period.ts'
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
  const { values, set, any, clear } = filters
  const state = shownState(values.state) ?? 'any'
  const words = periods.map((period) => periodWords[period])
  return (
    <fieldset className="filters">
      <legend className="unseen">Filters</legend>
      <fieldset className="filter">
        <legend className="unseen">State</legend>
        {[...states, 'any'].map((one) => (
          <button
            key={one}
            type="button"
            aria-pressed={one === state}
            onClick={() => set({ state: one === 'open' ? null : one })}
          >
            {one}
          </button>
        ))}
      </fieldset>
      <Choice
        label="Severity"
        all="Any severity"
        options={severities}
        value={oneOf(severities, values.severity)}
        onChoose={(severity) => set({ severity })}
      />
      <FilterText
        label="Detection"
        placeholder="reverse-shell"
        value={values.detection}
        onWrite={(detection) => set({ detection })}
      />
      <FilterText
        label="Repository"
        placeholder="owner/name"
        value={values.repository}
        onWrite={(repository) => set({ repository })}
      />
      <Choice
        label="Found within"
        all="Any time"
        options={words}
        value={words[periods.findIndex((period) => period === values.period)] ?? null}
        onChoose={(word) =>
          set({ period: periods.find((period) => periodWords[period] === word) ?? null })
        }
      />
      {any && (
        <button type="button" onClick={clear}>
          Clear filters
        </button>
      )}
    </fieldset>
  )
}
