import { useDeferredValue } from 'react'
import { verdicts } from '../ui/alarm.ts'
import { useAddressed } from './address.ts'
import type { Narrowing } from './source.ts'

/** What the address narrows a tab's list to: `?verdict=…&search=…` */
export function useNarrowing(): { narrowing: Narrowing; narrowed: boolean } {
  const [verdict] = useAddressed('verdict', verdicts)
  const [search] = useAddressed('search')
  const words = useDeferredValue(search ?? '')
  return { narrowing: { verdict, search: words }, narrowed: verdict !== null || words !== '' }
}

/** What narrows one tab narrows no other: a link to another one takes it away. */
export const unnarrowed = {
  verdict: null,
  search: null,
  step: null,
  program: null,
  only: null,
  kind: null,
  destination: null,
  under: null,
  by: null,
} as const
