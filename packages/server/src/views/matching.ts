import type { Database } from '../db/database.ts'
import type { View } from '../ingest/words.ts'
import { pageOf } from './pages.ts'

interface Asked {
  after: number
  limit: number
  /** A bit of src/ingest/words.ts; null: any. */
  verdict: number | null
  /** Rows with a program of this step; null: any. */
  step: string | null
  /** Rows with this in one of their texts; null: any. */
  search: string | null
}

interface Row {
  n: number
  step?: string | null
  programs?: readonly { step: string | null }[]
}

/** Rows that are looked through for one page: it may be short, and there may be more. */
const mostRows = 20_000
const atOnce = 500

/** A page of a job's view with the rows that are like what was asked for. */
export function matchingPage(
  index: Database,
  jobId: string,
  view: View,
  { limit, after, verdict, step, search }: Asked,
): { items: object[]; next: number | null } {
  if (step === null && search === null) return pageOf(index, jobId, view, { after, limit, verdict })
  const text = search?.toLowerCase() ?? ''
  const items: object[] = []
  let last = after
  for (let looked = 0; looked < mostRows; looked += atOnce) {
    const page = pageOf(index, jobId, view, { after: last, limit: atOnce, verdict })
    for (const row of page.items as Row[]) {
      if (items.length >= limit) return { items, next: last }
      last = row.n
      if ((step === null || isOfStep(row, step)) && (text === '' || has(row, text))) items.push(row)
    }
    if (page.next === null) return { items, next: null }
  }
  return { items, next: last }
}

const isOfStep = ({ step, programs = [] }: Row, asked: string): boolean =>
  step === asked || programs.some((program) => program.step === asked)

/** In any text of a value, but not in the names of its fields. */
function has(value: unknown, text: string): boolean {
  if (typeof value === 'string') return value.toLowerCase().includes(text)
  if (typeof value !== 'object' || value === null) return false
  return Object.values(value).some((one) => has(one, text))
}
