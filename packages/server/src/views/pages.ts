import type { Database } from '../db/database.ts'
import { type View, views } from '../ingest/words.ts'

interface Stored {
  n: number
  count: number
  firstSeq: number
  firstTime: number
  lastTime: number
  data: string
}

/** Rows of a job's view in the order of their first appearance, from behind a number. The job is the caller's to check. */
export function rowsOf(
  index: Database,
  jobId: string,
  view: View,
  { after, limit, verdict }: { after: number; limit: number; verdict: number | null },
): object[] {
  const job = index.get<{ number: number }>('SELECT number FROM jobs WHERE id = ?', jobId)?.number
  // Nothing of it is indexed yet.
  if (job === undefined) return []
  const columns =
    'n, count, first_seq AS firstSeq, first_time AS firstTime, last_time AS lastTime, data'
  const rows =
    verdict === null
      ? index.all<Stored>(
          `SELECT ${columns} FROM rows WHERE job = ? AND view = ? AND n > ? ORDER BY n LIMIT ?`,
          job,
          views[view],
          after,
          limit,
        )
      : index.all<Stored>(
          `SELECT ${columns} FROM rows WHERE job = ? AND view = ? AND verdict = ? ${verdict > 1 ? 'AND verdict > 1' : ''}
             AND n > ? ORDER BY n LIMIT ?`,
          job,
          views[view],
          verdict,
          after,
          limit,
        )
  return rows.map(({ data, ...row }) => Object.assign(row, JSON.parse(data) as object))
}
