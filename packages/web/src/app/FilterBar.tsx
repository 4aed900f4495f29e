import type { ReactNode } from 'react'
import type { Filters } from './filters.ts'

interface Props {
  filters: Pick<Filters<string>, 'any' | 'clear'>
  children: ReactNode
}

/** What a list is narrowed by, above it; the last button takes all of it away. */
export function FilterBar({ filters: { any, clear }, children }: Props) {
  return (
    <fieldset className="filters">
      <legend className="unseen">Filters</legend>
      {children}
      {any && (
        <button type="button" onClick={clear}>
          Clear filters
        </button>
      )}
    </fieldset>
  )
}
