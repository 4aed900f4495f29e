import type { Database } from '../db/database.ts'
import { type Again, type FileRow, readAgain, readRows } from '../ingest/file-chunks.ts'
import { addProgramOnce } from '../ingest/fold/programs.ts'
import { type View, views } from '../ingest/words.ts'
import type { StoredRow } from './rows.ts'

/** Characters of one page: rows may be long, of processes above all. */
const largestPage = 4 << 20

interface Asked {
  /** From behind this number on. */
  after: number
  limit: number
  /** A bit of src/ingest/words.ts; null: any. */
  verdict: number | null
}

/** Rows of a job's view in the order of their first appearance. The job is the caller's to check. */
export function rowsOf(index: Database, jobId: string, view: View, asked: Asked): object[] {
  return storedRows(index, jobId, view, asked).map((row) => rowOf(row))
}

/** The same as a page that is no longer than a page may be. */
export function pageOf(
  index: Database,
  jobId: string,
  view: View,
  { limit, ...asked }: Asked,
): { items: object[]; next: number | null } {
  const rows = storedRows(index, jobId, view, { ...asked, limit: limit + 1 })
  let length = 0
  const page = rows
    .slice(0, limit)
    .filter(({ data }, i) => (length += data.length) <= largestPage || i === 0)
  const next = page.length < rows.length ? (page.at(-1)?.n ?? null) : null
  return { items: page.map((row) => rowOf(row)), next }
}

const rowOf = ({ data, ...row }: StoredRow): object =>
  Object.assign(row, JSON.parse(data) as object)

function storedRows(
  index: Database,
  jobId: string,
  view: View,
  { after, limit, verdict }: Asked,
): StoredRow[] {
  const job = numberOf(index, jobId)
  if (job === undefined) return []
  if (view === 'files') return storedFiles(index, job, after, limit)
  const columns =
    'n, count, first_seq AS firstSeq, first_time AS firstTime, last_time AS lastTime, data'
  return verdict === null
    ? index.all<StoredRow>(
        `SELECT ${columns} FROM rows WHERE job = ? AND view = ? AND n > ? ORDER BY n LIMIT ?`,
        job,
        views[view],
        after,
        limit,
      )
    : index.all<StoredRow>(
        `SELECT ${columns} FROM rows WHERE job = ? AND view = ? AND verdict = ? ${verdict > 1 ? 'AND verdict > 1' : ''}
             AND n > ? ORDER BY n LIMIT ?`,
        job,
        views[view],
        verdict,
        after,
        limit,
      )
}

/** A job's in the index; undefined: nothing of it is indexed yet. */
export const numberOf = (index: Database, jobId: string): number | undefined =>
  index.get<{ number: number }>('SELECT number FROM jobs WHERE id = ?', jobId)?.number

/** Rows of files have no verdict. */
function storedFiles(index: Database, job: number, after: number, limit: number): StoredRow[] {
  const rows: FileRow[] = []
  let length = 0
  for (const row of readRows(index, job, after)) {
    rows.push(row)
    length += row.data.path.length
    if (rows.length >= limit || length > largestPage) break
  }
  const again = readAgain(index, job, rows[0]?.n ?? 0, rows.at(-1)?.n ?? 0)
  return rows.map((row) => {
    const { data, ...whole } = wholeFile(row, again.get(row.n))
    return Object.assign(whole, { data: JSON.stringify(data) })
  })
}

/** What is known of a file in all. @param more what was said of it again */
export function wholeFile({ data, ...row }: FileRow, more: Again | undefined): FileRow {
  for (const program of more?.programs ?? []) addProgramOnce(data.programs, program)
  return {
    n: row.n,
    count: row.count + (more?.count ?? 0),
    firstSeq: Math.min(row.firstSeq, more?.firstSeq ?? Infinity),
    firstTime: Math.min(row.firstTime, more?.firstTime ?? Infinity),
    lastTime: Math.max(row.lastTime, more?.lastTime ?? -Infinity),
    data,
  }
}
