import { Verdict } from '@runwarden/events'
import { z } from 'zod'
import { baselineOf } from '../baselines/baseline.ts'
import type { PastJob } from '../baselines/past-jobs.ts'
import type { Database } from '../db/database.ts'
import { reversed } from '../ingest/fold/search-keys.ts'
import { sum } from '../ingest/totals.ts'
import { terms, type View } from '../ingest/words.ts'
import { pageOf } from './pages.ts'
import type { RowData } from './rows.ts'

/** What two jobs are compared by. */
export const compared = ['destinations', 'programs', 'requests', 'files'] as const
export type Compared = (typeof compared)[number]

const Side = z.object({
  /** How often; of a baseline, in how many of its runs. */
  count: z.int(),
  /** None of programs and files. */
  verdicts: z.array(Verdict),
})

/** Something that one of two jobs had to do with, or both. */
export const Difference = z.object({
  /** A destination as `tcp://host:port`, a program, `host/path METHOD`, a file. */
  what: z.string(),
  /** null: it had nothing to do with it. */
  here: Side.nullable(),
  there: Side.nullable(),
})
export type Difference = z.infer<typeof Difference>
z.globalRegistry.add(Difference, { id: 'JobDifference' })

type Sides = Map<string, z.infer<typeof Side>>

/** What a job had to do with. */
interface Compares {
  sides: Sides
  /** false: there is more than is compared. */
  isWhole: boolean
}

/** Of a job so many rows are compared. */
const most = 100_000
/** Rows that are read at once. */
const atOnce = 5000
const bits: Readonly<Record<number, Verdict>> = {
  1: 'allowed',
  2: 'would-block',
  4: 'blocked',
  8: 'attack-blocked',
}
const kindOf = { programs: terms.exe, requests: terms.api } as const

export function sideOf(index: Database, jobId: string, of: Compared): Compares {
  if (of === 'destinations') return destinationsOf(index, jobId)
  if (of === 'files') return filesOf(index, jobId)
  const found = index.all<{ value: string; count: number; verdicts: number }>(
    `SELECT value, count, verdicts FROM facts CROSS JOIN terms ON terms.id = term
     WHERE job = (SELECT number FROM jobs WHERE id = ?) AND kind = ? LIMIT ?`,
    jobId,
    kindOf[of],
    most,
  )
  const sides = new Map(
    found.map(({ value, count, verdicts }): [string, z.infer<typeof Side>] => [
      of === 'programs' ? reversed(value) : value,
      {
        count,
        verdicts: Object.entries(bits).flatMap(([bit, verdict]) =>
          (verdicts & Number(bit)) === 0 ? [] : [verdict],
        ),
      },
    ]),
  )
  return { sides, isWhole: found.length < most }
}

function rowsOf<V extends View>(
  index: Database,
  jobId: string,
  view: V,
): { rows: (RowData[V] & { count: number })[]; isWhole: boolean } {
  const rows: (RowData[V] & { count: number })[] = []
  for (let after: number | null = 0; after !== null;) {
    if (rows.length >= most) return { rows, isWhole: false }
    const page = pageOf(index, jobId, view, { after, limit: atOnce, verdict: null })
    rows.push(...(page.items as typeof rows))
    after = page.next
  }
  return { rows, isWhole: true }
}

interface Contact {
  host: string | null
  addresses: readonly string[]
  port: number
  protocol: string
}

const nameOf = ({ host, addresses, port, protocol }: Contact): string => {
  const name = host ?? addresses[0] ?? 'unknown'
  return `${protocol}://${name.includes(':') ? `[${name}]` : name}:${port}`
}

function destinationsOf(index: Database, jobId: string): Compares {
  const { rows, isWhole } = rowsOf(index, jobId, 'destinations')
  const sides: Sides = new Map()
  for (const row of rows) {
    const name = nameOf(row)
    const side = sides.get(name)
    if (side === undefined) sides.set(name, { count: row.count, verdicts: [row.verdict] })
    else {
      side.count = sum(side.count, row.count)
      if (!side.verdicts.includes(row.verdict)) side.verdicts.push(row.verdict)
    }
  }
  return { sides, isWhole }
}

function filesOf(index: Database, jobId: string): Compares {
  const { rows, isWhole } = rowsOf(index, jobId, 'files')
  const sides: Sides = new Map()
  for (const { path, count } of rows) {
    const side = sides.get(path)
    if (side === undefined) sides.set(path, { count, verdicts: [] })
    else side.count += count
  }
  return { sides, isWhole }
}

/** Destinations of past jobs, by how many of them had each. */
export async function baselineSide(index: Database, past: readonly PastJob[]): Promise<Sides> {
  const { destinations } = await baselineOf(index, past)
  return new Map(
    destinations.map((one) => [
      nameOf(one),
      { count: one.runs, verdicts: one.verdicts.toSorted() },
    ]),
  )
}

/** Where something is: in one of two alone, in both, or in both and not the same of both. */
export const places = ['here', 'there', 'both', 'different'] as const
type Place = (typeof places)[number]

interface DifferencesAsked {
  /** Those of that place; null: all. */
  only: Place | null
  /** A part of their names, whatever its case; empty: any. */
  like: string
  /** `there` counts runs: only what was decided can be held against each other. */
  ofRuns: boolean
  after: number
  limit: number
}

/** In the order of their names. */
export function differences(
  here: Sides,
  there: Sides,
  { only, like, ofRuns, after, limit }: DifferencesAsked,
): { items: Difference[]; next: number | null; counts: Record<Place, number> } {
  const counts = { here: 0, there: 0, both: 0, different: 0 }
  const part = like.toLowerCase()
  const wanted: Difference[] = []
  for (const what of new Set([...here.keys(), ...there.keys()])) {
    const one = { what, here: here.get(what) ?? null, there: there.get(what) ?? null }
    const all = placesOf(one, ofRuns)
    for (const place of all) counts[place]++
    if ((only === null || all.includes(only)) && what.toLowerCase().includes(part)) wanted.push(one)
  }
  wanted.sort((a, b) => (a.what < b.what ? -1 : 1))
  const items = wanted.slice(after, after + limit)
  const end = after + items.length
  return { items, next: end < wanted.length ? end : null, counts }
}

function placesOf({ here, there }: Difference, ofRuns: boolean): Place[] {
  if (here === null) return ['there']
  if (there === null) return ['here']
  const isSame =
    (ofRuns || here.count === there.count) &&
    here.verdicts.toSorted().join() === there.verdicts.toSorted().join()
  return isSame ? ['both'] : ['both', 'different']
}
