import type { Database } from '../db/database.ts'
import {
  mostOfChunk,
  type Again,
  type Chunk,
  readAgain,
  readChunks,
  rowsOfChunk,
} from '../ingest/file-chunks.ts'
import type { View } from '../ingest/words.ts'
import { numberOf, pageOf, wholeFile } from './pages.ts'

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

interface Stepped {
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
  if (view === 'files') return matchingFiles(index, jobId, { limit, after, step, text })
  const items: object[] = []
  let last = after
  for (let looked = 0; looked < mostRows; looked += atOnce) {
    const page = pageOf(index, jobId, view, { after: last, limit: atOnce, verdict })
    for (const row of page.items as (Stepped & { n: number })[]) {
      if (items.length >= limit) return { items, next: last }
      last = row.n
      if ((step === null || isOfStep(row, step)) && (text === '' || has(row, text))) items.push(row)
    }
    if (page.next === null) return { items, next: null }
  }
  return { items, next: last }
}

/** To look through a row's chunk and leave it costs so little beside reading the row. */
const costOfLeft = 0.1

/** Of files, which can be hundreds of thousands: a chunk that has neither the text nor the step in it is not taken apart. */
function matchingFiles(
  index: Database,
  jobId: string,
  { limit, after, step, text }: { limit: number; after: number; step: string | null; text: string },
): { items: object[]; next: number | null } {
  const job = numberOf(index, jobId)
  if (job === undefined) return { items: [], next: null }
  const items: object[] = []
  let last = after
  let cost = 0
  for (const chunk of readChunks(index, job, after)) {
    last = Math.max(last, chunk.first - 1)
    if (cost >= mostRows) return { items, next: last }
    const again = readAgain(index, job, chunk.first, chunk.first + mostOfChunk - 1)
    const isLeft = !mayHave(chunk, again, step, text)
    cost += mostOfChunk * (isLeft ? costOfLeft : 1)
    if (isLeft) continue
    for (const row of rowsOfChunk(chunk)) {
      if (row.n <= after) continue
      if (items.length >= limit) return { items, next: last }
      last = row.n
      const { data, ...whole } = wholeFile(row, again.get(row.n))
      if ((step === null || isOfStep(data, step)) && (text === '' || has(data, text)))
        items.push({ ...whole, ...data })
    }
  }
  return { items, next: null }
}

function mayHave(
  { text: chunk }: Chunk,
  again: ReadonlyMap<number, Again>,
  step: string | null,
  text: string,
): boolean {
  const isIn = (json: string): boolean =>
    (step === null || json.includes(JSON.stringify(step))) &&
    (text === '' || json.toLowerCase().includes(JSON.stringify(text).slice(1, -1)))
  // Who did it again is not in the chunk: the step may be of the one, and the text of the other.
  return isIn(chunk) || (again.size > 0 && isIn(chunk + JSON.stringify([...again.values()])))
}

const isOfStep = ({ step, programs = [] }: Stepped, asked: string): boolean =>
  step === asked || programs.some((program) => program.step === asked)

/** In any text of a value, but not in the names of its fields. */
function has(value: unknown, text: string): boolean {
  if (typeof value === 'string') return value.toLowerCase().includes(text)
  if (typeof value !== 'object' || value === null) return false
  return Object.values(value).some((one) => has(one, text))
}
