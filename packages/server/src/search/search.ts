import type { Verdict } from '@runwarden/events'
import type { Database } from '../db/database.ts'
import { sumOf } from '../ingest/totals.ts'
import { terms, verdictsOf } from '../ingest/words.ts'
import { beganIn, knowJobs } from '../views/job-times.ts'
import type { Databases } from '../views/joined.ts'
import { type Found, searchPaths } from './paths.ts'
import type { Range } from './pattern.ts'

/** A pattern may stand for so many values, of paths folders; one that stands for more would take too long. */
export const mostValues = 20_000

/** A job that had to do with what was asked for. */
export interface Hit {
  jobId: string
  /** Its number in the index, for the next page. */
  number: number
  count: number
  firstTime: number
  lastTime: number
  verdicts: Verdict[]
}

interface Asked {
  range: Range
  /** When the jobs began, by this server's clock; milliseconds since 1970. */
  from: number
  to: number
  /** Jobs from below this number on. */
  before: number
  limit: number
}

/**
 * Jobs of an organisation that had to do with it, of those that began in a period, the newest first.
 * @returns undefined where the pattern stands for too many values
 */
export function search(dbs: Databases, organisationId: string, asked: Asked): Hit[] | undefined {
  const { both: index } = dbs
  knowJobs(dbs)
  const { range, from, to, before, limit } = asked
  if (range.kind === 'path')
    return searchPaths(dbs, organisationId, mostValues, asked)?.flatMap((found) =>
      withId(index, found),
    )
  const values = [organisationId, terms[range.kind], range.from, range.to, range.end, range.end]
  // Never more than the bound is looked at, however many there are.
  const matching = `SELECT id FROM terms WHERE organisation = (SELECT number FROM organisations WHERE id = ?) AND kind = ?
    AND value >= ? AND value <= ? AND (? = '' OR substr(value, -length(?)) = ?)`
  const found = index.get<{ n: number }>(
    `SELECT count(*) AS n FROM (${matching} LIMIT ${mostValues + 1})`,
    ...values,
    range.end,
  )
  if ((found?.n ?? 0) > mostValues) return undefined
  return index
    .all<{
      jobId: string
      number: number
      count: number
      firstTime: number
      lastTime: number
      bits: number
    }>(
      `SELECT jobs.id AS jobId, job AS number, ${sumOf('count')} AS count, min(first_time) AS firstTime,
              max(last_time) AS lastTime,
              max(verdicts & 1) | max(verdicts & 2) | max(verdicts & 4) | max(verdicts & 8) AS bits
       FROM facts CROSS JOIN jobs ON jobs.number = job
       WHERE term IN (${matching}) AND job < ? AND ${beganIn('facts.job', '?', '?')}
       GROUP BY job ORDER BY job DESC LIMIT ?`,
      ...values,
      range.end,
      before,
      from,
      to,
      limit,
    )
    .map(({ bits, ...hit }) => Object.assign(hit, { verdicts: verdictsOf(bits) }))
}

/** Those that were not removed meanwhile. */
function withId(index: Database, found: Found): Hit[] {
  const job = index.get<{ id: string }>('SELECT id FROM jobs WHERE number = ?', found.number)
  return job === undefined ? [] : [{ ...found, jobId: job.id, verdicts: [] }]
}
