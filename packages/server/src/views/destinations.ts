import { Verdict } from '@runwarden/events'
import { z } from 'zod'
import { hostKey, reversed } from '../ingest/fold/search-keys.ts'
import { sumOf } from '../ingest/totals.ts'
import { terms, verdictBit, verdictsOf } from '../ingest/words.ts'
import type { Databases } from './joined.ts'

/** A host or address that an organisation's jobs had to do with in a period. */
export const OrganisationDestination = z.object({
  /** Its name, or its address where those were asked for. */
  host: z.string(),
  jobs: z.int(),
  repositories: z.int(),
  /** Queries, connections and requests. */
  calls: z.int(),
  verdicts: z.array(Verdict),
  /** Ever, milliseconds since 1970. */
  firstSeen: z.number(),
  lastSeen: z.number(),
  /** It was not seen before the period. */
  isNew: z.boolean(),
})
export type OrganisationDestination = z.infer<typeof OrganisationDestination>
z.globalRegistry.add(OrganisationDestination, { id: 'OrganisationDestination' })

export interface DestinationsAsked {
  kind: 'host' | 'address'
  /** Milliseconds since 1970. */
  from: number
  /** A part of it; empty: any. */
  like: string
  verdict: Verdict | null
  onlyNew: boolean
  /** Behind one that so many jobs had to do with, and its number in the index. */
  after: { jobs: number; term: number }
  limit: number
}

interface Ranked {
  term: number
  value: string
  jobs: number
}

/** Those of the most jobs first. */
export function destinationsOf(
  dbs: Databases,
  organisationId: string,
  asked: DestinationsAsked,
): { items: OrganisationDestination[]; next: { jobs: number; term: number } | null } {
  const { both } = dbs
  const { kind, from, like, verdict, onlyNew, after, limit } = asked
  const values: (string | number)[] = []
  const value = (one: string | number): string => `?${values.push(one)}`
  const part = kind === 'host' ? hostKey(like) : like.toLowerCase()
  const start = value(from)
  const since: Since = { job: firstJob(dbs, organisationId, from), from }
  const bit = verdict === null ? '' : `AND f.verdicts & ${value(verdictBit(verdict))} <> 0`
  // Only counted at first, term by term: going through all facts for what is told of a page's few takes five times as long.
  const ranked = both.all<Ranked>(
    `WITH counted AS MATERIALIZED (
       SELECT id AS term, value, (
         SELECT count(*) FROM main.facts f WHERE f.term = terms.id AND f.job >= ${value(since.job)} AND f.last_time >= ${start} ${bit}
       ) AS jobs
       FROM main.terms
       WHERE organisation = (SELECT number FROM main.organisations WHERE id = ${value(organisationId)})
         AND kind = ${terms[kind]} ${part === '' ? '' : `AND instr(value, ${value(part)}) > 0`}
         ${onlyNew ? `AND NOT EXISTS (SELECT 1 FROM main.facts o WHERE o.term = terms.id AND o.first_time < ${start})` : ''}
     )
     SELECT term, value, jobs FROM counted
     WHERE jobs > 0 AND (jobs < ${value(after.jobs)} OR (jobs = ${value(after.jobs)} AND term > ${value(after.term)}))
     ORDER BY jobs DESC, term LIMIT ${value(limit + 1)}`,
    ...values,
  )
  const page = ranked.slice(0, limit)
  const last = page.at(-1)
  nameRepositories(dbs)
  return {
    items: page.map(({ term, value: text, jobs }) => {
      const { calls, bits, lastSeen } = factsOf(dbs, term, since, verdict)
      const firstSeen =
        both.get<{ at: number }>(
          'SELECT min(first_time) AS at FROM main.facts WHERE term = ?',
          term,
        )?.at ?? from
      return {
        host: kind === 'host' ? reversed(text) : text,
        jobs,
        repositories: repositoriesOfTerm(dbs, term, from),
        calls,
        verdicts: verdictsOf(bits),
        firstSeen,
        lastSeen,
        isNew: firstSeen >= from,
      }
    }),
    next: ranked.length > limit && last !== undefined ? { jobs: last.jobs, term: last.term } : null,
  }
}

/** A period, as facts know it: from this job on, and from this time. */
interface Since {
  job: number
  from: number
}

/** What jobs of a period had to do with a host or address; with a verdict: those that had it. */
function factsOf(
  { both }: Databases,
  term: number,
  { job, from }: Since,
  verdict: Verdict | null,
): { calls: number; bits: number; lastSeen: number } {
  return (
    both.get<{ calls: number; bits: number; lastSeen: number }>(
      `SELECT ${sumOf('count')} AS calls, max(last_time) AS lastSeen,
              max(verdicts & 1) | max(verdicts & 2) | max(verdicts & 4) | max(verdicts & 8) AS bits
       FROM main.facts WHERE term = ?1 AND job >= ?2 AND last_time >= ?3 AND (?4 = 0 OR verdicts & ?4 <> 0)`,
      term,
      job,
      from,
      verdict === null ? 0 : verdictBit(verdict),
    ) ?? { calls: 0, bits: 0, lastSeen: from }
  )
}

/** In the index: all jobs that began in a period have this number or a higher one. Numbers go by what was indexed first. */
function firstJob({ both }: Databases, organisationId: string, from: number): number {
  return (
    both.get<{ number: number | null }>(
      `SELECT min(t.number) AS number FROM server.jobs j JOIN main.jobs t ON t.id = j.id
       WHERE j.organisation_id = ? AND j.started_at >= ?`,
      organisationId,
      from,
    )?.number ?? Number.MAX_SAFE_INTEGER
  )
}

/**
 * Which repository each job of the index is of, as numbers and beside it: going by ids from one database to the other for each
 * job of a host that all jobs have takes seconds.
 */
function nameRepositories({ both }: Databases): void {
  both.exec(
    `CREATE TEMP TABLE IF NOT EXISTS repository_names (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
     CREATE TEMP TABLE IF NOT EXISTS job_repositories (job INTEGER PRIMARY KEY, repository INTEGER NOT NULL)`,
  )
  const { last } = both.get<{ last: number | null }>(
    'SELECT max(job) AS last FROM temp.job_repositories',
  ) ?? { last: null }
  const added = `FROM main.jobs t JOIN server.jobs j ON j.id = t.id WHERE t.number > ? AND j.repository IS NOT NULL`
  both.run(
    `INSERT OR IGNORE INTO temp.repository_names (name) SELECT DISTINCT lower(j.repository) ${added}`,
    last ?? 0,
  )
  both.run(
    `INSERT INTO temp.job_repositories
     SELECT t.number, (SELECT number FROM temp.repository_names WHERE name = lower(j.repository)) ${added}`,
    last ?? 0,
  )
}

const repositoriesOfTerm = ({ both }: Databases, term: number, from: number): number =>
  both.get<{ many: number }>(
    `SELECT count(DISTINCT r.repository) AS many FROM main.facts f CROSS JOIN temp.job_repositories r ON r.job = f.job
     WHERE f.term = ? AND f.last_time >= ?`,
    term,
    from,
  )?.many ?? 0
