import type { Severity } from '@runwarden/events'
import { z } from 'zod'
import { composedOf } from '../policies/composed.ts'
import { policiesFor, policiesVersion } from '../policies/effective.ts'
import type { Databases } from './joined.ts'
import { Run, runOf } from './runs.ts'
import { isExpected, Severities } from './severities.ts'

/** A repository whose jobs were seen. */
export const RepositoryItem = z.object({
  /** `owner/name` */
  repository: z.string(),
  lastRun: Run.nullable(),
  /** Runs that began in the period. */
  runs: z.int(),
  /** Detections of these, without those that are suppressed. */
  severities: Severities,
  /** Of the store, for a job that has no policy of its own; null: the store has none for it. */
  egress: z.enum(['audit', 'block']).nullable(),
  /** `unstable` where a job of it is; null: none has run often enough. */
  baseline: z.enum(['stable', 'unstable']).nullable(),
})
export type RepositoryItem = z.infer<typeof RepositoryItem>
z.globalRegistry.add(RepositoryItem, { id: 'Repository' })

/**
 * In SQL, the name behind another one, of the repositories of an organisation (?1), as its first job spells it: from each to the next by
 * the index, however many jobs have it. GitHub's names are the same in whatever case.
 */
export const nextRepository = (name: string): string =>
  `SELECT repository FROM jobs INDEXED BY jobs_by_repository_name WHERE organisation_id = ?1 AND repository > ${name} COLLATE NOCASE
   ORDER BY repository COLLATE NOCASE, id LIMIT 1`

/**
 * Names of repositories with jobs, in their order.
 * @param like a part of their names; empty: any
 */
export function repositoryNames(
  { server }: Databases,
  organisationId: string,
  { after, like, limit }: { after: string; like: string; limit: number },
): string[] {
  return server
    .all<{ name: string }>(
      `WITH RECURSIVE names (name) AS (
         SELECT (${nextRepository('?2')})
         UNION ALL
         SELECT (${nextRepository('names.name')}) FROM names WHERE names.name IS NOT NULL
       )
       SELECT name FROM names WHERE name IS NOT NULL AND instr(lower(name), ?3) > 0 LIMIT ?4`,
      organisationId,
      after,
      like.toLowerCase(),
      limit,
    )
    .map(({ name }) => name)
}

/** @param from milliseconds since 1970 */
export function repositoriesOf(
  dbs: Databases,
  organisationId: string,
  names: readonly string[],
  from: number,
): RepositoryItem[] {
  const { server, both } = dbs
  const runs = new Map(
    server
      .all<{ repository: string; runs: number }>(
        `SELECT lower(repository) AS repository, count(DISTINCT ifnull(run_id, id) || ' ' || ifnull(run_attempt, '')) AS runs
         FROM jobs WHERE organisation_id = ? AND started_at >= ? AND repository IS NOT NULL GROUP BY 1`,
        organisationId,
        from,
      )
      .map(({ repository, runs: many }) => [repository, many]),
  )
  const egressOf = new Map<string, 'audit' | 'block' | null>()
  return names.map((repository) => {
    const policies = policiesFor(
      server,
      organisationId,
      { repository, workflow: null, workflowRef: null, job: null },
      { from: 'store' },
    )
    const version = policiesVersion(policies)
    if (!egressOf.has(version)) egressOf.set(version, composedOf(policies)?.egress ?? null)
    const last = server.get<{ id: string }>(
      'SELECT max(id) AS id FROM jobs INDEXED BY jobs_by_repository_name WHERE organisation_id = ? AND repository = ? COLLATE NOCASE',
      organisationId,
      repository,
    )
    const severities = both.all<{ severity: Severity; many: number }>(
      `SELECT d.severity, count(*) AS many FROM server.jobs j INDEXED BY jobs_by_repository_name CROSS JOIN server.detections d ON d.job_id = j.id
       WHERE j.organisation_id = ? AND j.repository = ? COLLATE NOCASE AND j.started_at >= ? AND NOT ${isExpected} GROUP BY d.severity`,
      organisationId,
      repository,
      from,
    )
    const { state } = server.get<{ state: RepositoryItem['baseline'] }>(
      'SELECT max(state) AS state FROM baseline_states WHERE organisation_id = ? AND repository = ?',
      organisationId,
      repository.toLowerCase(),
    ) ?? { state: null }
    return {
      repository,
      lastRun: (last && runOf(dbs, organisationId, last.id)) ?? null,
      runs: runs.get(repository.toLowerCase()) ?? 0,
      severities: Object.fromEntries(severities.map((one) => [one.severity, one.many])),
      egress: egressOf.get(version) ?? null,
      baseline: state,
    }
  })
}
