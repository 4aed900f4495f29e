import type { View } from './words.ts'

/** Sums of what jobs say of themselves end here: SQLite gives no larger number back, nor does JSON. */
export const largestSum = Number.MAX_SAFE_INTEGER
export const sum = (a: number, b: number): number => Math.min(a + b, largestSum)
/** The same of rows, in SQL. @param count a column */
export const sumOf = (count: string): string => `min(total(${count}), ${largestSum})`

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
