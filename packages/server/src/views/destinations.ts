import { Verdict } from '@runwarden/events'
import { z } from 'zod'
import { hostKey, reversed } from '../ingest/fold/search-keys.ts'
import { sumOf } from '../ingest/totals.ts'
import { terms, verdictBit, verdictsOf } from '../ingest/words.ts'
import { beganIn, firstSince, knowJobs } from './job-times.ts'
import type { Databases } from './joined.ts'

/** A host or address that an organisation's jobs had to do with in a period. */
export const OrganisationDestination = z.object({
  /** Its name, or its address where those were asked for. */
  host: z.string(),
  jobs: z.int(),
  repositories: z.int(),
  /**
   * Queries, connections and requests; where a verdict was asked for, those that had it. null: one of these jobs has had others to it,
   * too, and how many of each is not counted.
   */
  calls: z.int().nullable(),
  /** Of these jobs, all. */
  verdicts: z.array(Verdict),
  /** When the first job that ever had to do with it began, by this server's clock; milliseconds since 1970. */
  firstSeen: z.number(),
  /** The same of the last one of the period. */
  lastSeen: z.number(),
  /** No job had to do with it that began before the period. */
  isNew: z.boolean(),
})
export type OrganisationDestination = z.infer<typeof OrganisationDestination>
z.globalRegistry.add(OrganisationDestination, { id: 'OrganisationDestination' })

export interface DestinationsAsked {
  kind: 'host' | 'address'
  /** Jobs that began since then, milliseconds since 1970. */
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
  knowJobs(dbs)
  const since: Since = {
    job: firstSince(dbs, from),
    from,
    bit: verdict === null ? 0 : verdictBit(verdict),
  }
  const start = value(from)
  const conditions = isOf({ job: value(since.job), from: start, bit: value(since.bit) })
  // Only counted at first, term by term: going through all facts for what is told of a page's few takes five times as long.
  const ranked = both.all<Ranked>(
    `WITH counted AS MATERIALIZED (
       SELECT id AS term, value, (
         SELECT count(*) FROM main.facts f WHERE f.term = terms.id AND ${conditions}
       ) AS jobs
       FROM main.terms
       WHERE organisation = (SELECT number FROM main.organisations WHERE id = ${value(organisationId)})
         AND kind = ${terms[kind]} ${part === '' ? '' : `AND instr(value, ${value(part)}) > 0`}
         ${onlyNew ? `AND NOT EXISTS (SELECT 1 FROM main.facts o CROSS JOIN temp.known_jobs k ON k.job = o.job WHERE o.term = terms.id AND k.began < ${start})` : ''}
     )
     SELECT term, value, jobs FROM counted
     WHERE jobs > 0 AND (jobs < ${value(after.jobs)} OR (jobs = ${value(after.jobs)} AND term > ${value(after.term)}))
     ORDER BY jobs DESC, term LIMIT ${value(limit + 1)}`,
    ...values,
  )
  const page = ranked.slice(0, limit)
  const last = page.at(-1)
  return {
    items: page.map(({ term, value: text, jobs }) => {
      const { bits, repositories, calls, lastSeen } = factsOf(dbs, term, since)
      const firstSeen =
        both.get<{ at: number }>(
          'SELECT min(began) AS at FROM main.facts f CROSS JOIN temp.known_jobs k ON k.job = f.job WHERE term = ?',
          term,
        )?.at ?? from
      return {
        host: kind === 'host' ? reversed(text) : text,
        jobs,
        repositories,
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

/** A period and a verdict, as facts know them: of jobs from this one on, of those that began in it; 0: of any verdict. */
interface Since {
  job: number
  from: number
  bit: number
}

/** In SQL, whether a fact (f) is of these; what stands for them is given. */
const isOf = ({ job, from, bit }: Record<keyof Since, string>): string =>
  `f.job >= ${job} AND (${bit} = 0 OR f.verdicts & ${bit} <> 0) AND ${beganIn('f.job', from)}`

interface TermFacts {
  repositories: number
  calls: number | null
  bits: number
  lastSeen: number
}

/** What jobs had to do with a host or address. */
function factsOf({ both }: Databases, term: number, { job, from, bit }: Since): TermFacts {
  return (
    both.get<TermFacts>(
      `SELECT count(DISTINCT r.repository) AS repositories, max(r.began) AS lastSeen,
              CASE WHEN ?4 = 0 OR max(verdicts <> ?4) = 0 THEN ${sumOf('count')} END AS calls,
              max(verdicts & 1) | max(verdicts & 2) | max(verdicts & 4) | max(verdicts & 8) AS bits
       FROM main.facts f CROSS JOIN temp.known_jobs r ON r.job = f.job
       WHERE term = ?1 AND ${isOf({ job: '?2', from: '?3', bit: '?4' })}`,
      term,
      job,
      from,
      bit,
    ) ?? { repositories: 0, calls: 0, bits: 0, lastSeen: from }
  )
}
