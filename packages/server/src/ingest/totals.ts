import type { View } from './words.ts'

/** Of a job, as the index keeps it (JSON). */
export interface Totals {
  events: number
  /** Milliseconds since 1970, with a fraction; null: there are none. */
  firstTime: number | null
  lastTime: number | null
  byKind: Record<string, number>
  /** Of acts (attempts, queries, requests), loopback left out. */
  byVerdict: Record<string, number>
  /** How many rows each view has. */
  rows: Partial<Record<View, number>>
  /** Events that are kept, but that this version of the server does not understand. */
  notUnderstood: number
}

export const noTotals = (): Totals => ({
  events: 0,
  firstTime: null,
  lastTime: null,
  byKind: {},
  byVerdict: {},
  rows: {},
  notUnderstood: 0,
})
