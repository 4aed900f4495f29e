import { Severity, type Verdict } from '@runwarden/events'
import { z } from 'zod'
import { states } from '../detections/inbox.ts'
import { addCalls, Calls, callsIn, noCalls } from './calls.ts'
import { Job, jobOfOrganisation } from './job-list.ts'
import { JobState, type Reliance, reliance, stateIn } from './job-state.ts'
import { destinationsOf, OrganisationDestination } from './destinations.ts'
import { sumOf } from '../ingest/totals.ts'
import type { Databases } from './joined.ts'
import { nextRepository } from './repositories.ts'
import type { Span } from './period.ts'

/** Each job once, by how far what is told of it can be relied on: as its own page says it. */
const Coverage = z.object({
  jobs: z.int(),
  /** Armed from beginning to end, its record is whole, and policy is enforced: `egress: block`. */
  blocking: z.int(),
  /** The same, and policy is only held against what happens: `egress: audit`. */
  auditing: z.int(),
  /** Armed, and something is missing: events were lost, or an agent of it was killed. */
  gaps: z.int(),
  /** Could not be armed, ran without (`fail-mode: open`), was tampered with, or its agent is gone. */
  unprotected: z.int(),
  /** It was not heard (yet) whether it is armed, or in which mode. */
  unknown: z.int(),
})

const Bucket = Coverage.extend({ at: z.int(), calls: Calls, detections: z.int() })
const Counts = z.partialRecord(z.enum(states), z.partialRecord(Severity, z.int()))

/** What an organisation's jobs did in a period. */
export const Overview = z.object({
  /** Milliseconds since 1970. */
  from: z.int(),
  to: z.int(),
  bucketMs: z.int(),
  jobs: z.int(),
  runs: z.int(),
  repositories: z.int(),
  /** Jobs by state now. */
  states: z.record(JobState, z.int()),
  calls: Calls,
  /** Detections made in the period, by the state that they have now and by severity. */
  detections: Counts,
  coverage: Coverage,
  /** Jobs by tier; `unknown`: not heard of. */
  tiers: z.record(z.string(), z.int()),
  /** By the jobs' starts and the detections' times, the oldest first, none left out. */
  buckets: z.array(Bucket),
  /** Hosts of the most jobs. */
  destinations: z.array(OrganisationDestination),
  /** Where to look: how many there are, and the newest. */
  unprotected: z.object({
    jobs: z.int(),
    newest: z.array(Job),
    /** Repositories that had jobs before, and none in the period. */
    quietRepositories: z.array(z.string()),
  }),
  /** Jobs whose agents are gone without their last word: those that are `silent`, and those that are `lost`. */
  silent: z.object({ jobs: z.int(), newest: z.array(Job) }),
})
export type Overview = z.infer<typeof Overview>
z.globalRegistry.add(Overview, { id: 'Overview' })

/** Jobs and repositories that are named. */
const mostNamed = 20
const mostDestinations = 10

const countOf = {
  block: 'blocking',
  audit: 'auditing',
  gaps: 'gaps',
  bare: 'unprotected',
  unknown: 'unknown',
} as const satisfies Record<Reliance, keyof z.infer<typeof Coverage>>

interface Group extends Calls {
  bucket: number
  state: JobState
  tier: string | null
  reliance: Reliance
  jobs: number
}

const noCoverage = (): z.infer<typeof Coverage> => ({
  jobs: 0,
  blocking: 0,
  auditing: 0,
  gaps: 0,
  unprotected: 0,
  unknown: 0,
})

/** From what is known of each job, never from events: it takes as long as there are jobs in the period. */
export function overviewOf(dbs: Databases, organisationId: string, span: Span): Overview {
  const { from, to, bucketMs } = span
  const buckets = Array.from({ length: Math.ceil((to - from) / bucketMs) }, (_, i) => ({
    at: from + i * bucketMs,
    ...noCoverage(),
    calls: noCalls(),
    detections: 0,
  }))
  const overview: Overview = {
    from,
    to,
    bucketMs,
    jobs: 0,
    ...runsIn(dbs, organisationId, span),
    states: { running: 0, silent: 0, lost: 0, finished: 0 },
    calls: noCalls(),
    detections: {},
    coverage: noCoverage(),
    tiers: {},
    buckets,
    destinations: destinationsOf(dbs, organisationId, {
      kind: 'host',
      from,
      like: '',
      verdict: null,
      onlyNew: false,
      after: { jobs: 1e9, term: 0 },
      limit: mostDestinations,
    }).items,
    unprotected: { jobs: 0, newest: [], quietRepositories: quiet(dbs, organisationId, span) },
    silent: { jobs: 0, newest: [] },
  }
  for (const group of groupsOf(dbs, organisationId, span)) {
    const bucket = buckets[Math.min(group.bucket, buckets.length - 1)]
    overview.jobs += group.jobs
    overview.states[group.state] += group.jobs
    const tier = group.tier ?? 'unknown'
    overview.tiers[tier] = (overview.tiers[tier] ?? 0) + group.jobs
    for (const one of bucket === undefined ? [overview.coverage] : [overview.coverage, bucket]) {
      one.jobs += group.jobs
      one[countOf[group.reliance]] += group.jobs
    }
    addCalls(overview.calls, group)
    if (bucket !== undefined) addCalls(bucket.calls, group)
  }
  addDetections(dbs, organisationId, span, overview)
  const { unprotected, gaps, auditing } = overview.coverage
  overview.unprotected.jobs = unprotected + gaps + auditing
  // Where there is none, all jobs would be looked at for it.
  if (overview.unprotected.jobs > 0)
    overview.unprotected.newest = newest(
      dbs,
      organisationId,
      from,
      `${reliance} IN ('bare', 'gaps', 'audit')`,
    )
  overview.silent.jobs = overview.states.silent + overview.states.lost
  overview.silent.newest = newest(dbs, organisationId, from, 'j.silent_at IS NOT NULL')
  return overview
}

const calls = (verdict: Verdict): string => sumOf(callsIn(verdict))

function groupsOf({ both }: Databases, organisationId: string, span: Span): Group[] {
  return both.all<Group>(
    `SELECT CAST((j.started_at - ?2) / ?3 AS INTEGER) AS bucket, ${stateIn('j')} AS state, j.tier,
            ${reliance} AS reliance, count(*) AS jobs, ${calls('allowed')} AS allowed,
            ${calls('would-block')} AS "would-block", ${calls('blocked')} AS blocked, ${calls('attack-blocked')} AS "attack-blocked"
     FROM server.jobs j LEFT JOIN server.job_modes m ON m.job_id = j.id LEFT JOIN main.jobs t ON t.id = j.id
     WHERE j.organisation_id = ?1 AND j.started_at >= ?2 AND j.started_at <= ?4
     GROUP BY 1, 2, 3, 4`,
    organisationId,
    span.from,
    span.bucketMs,
    span.to,
  )
}

function runsIn(
  { server }: Databases,
  organisationId: string,
  { from, to }: Span,
): { runs: number; repositories: number } {
  return (
    server.get<{ runs: number; repositories: number }>(
      `SELECT count(DISTINCT ifnull(lower(repository), '') || ' ' || ifnull(run_id, id) || ' ' || ifnull(run_attempt, '')) AS runs,
              count(DISTINCT repository COLLATE NOCASE) AS repositories
       FROM jobs WHERE organisation_id = ? AND started_at >= ? AND started_at <= ?`,
      organisationId,
      from,
      to,
    ) ?? { runs: 0, repositories: 0 }
  )
}

/** Repositories that had jobs before, and none since. */
function quiet({ server }: Databases, organisationId: string, { from }: Span): string[] {
  return server
    .all<{ name: string }>(
      `WITH RECURSIVE names (name) AS (
         SELECT (${nextRepository("''")})
         UNION ALL
         SELECT (${nextRepository('names.name')}) FROM names WHERE names.name IS NOT NULL
       )
       SELECT name FROM names WHERE name IS NOT NULL AND (
         SELECT started_at FROM jobs WHERE organisation_id = ?1 AND repository = name COLLATE NOCASE ORDER BY id DESC LIMIT 1) < ?2
       LIMIT ?3`,
      organisationId,
      from,
      mostNamed,
    )
    .map(({ name }) => name)
}

function newest(
  { server, both }: Databases,
  organisationId: string,
  from: number,
  condition: string,
): Job[] {
  const ids = both.all<{ id: string }>(
    `SELECT j.id FROM server.jobs j LEFT JOIN server.job_modes m ON m.job_id = j.id
     WHERE j.organisation_id = ? AND j.started_at >= ? AND ${condition} ORDER BY j.started_at DESC LIMIT ?`,
    organisationId,
    from,
    mostNamed,
  )
  return ids.flatMap(({ id }) => jobOfOrganisation(server, organisationId, id) ?? [])
}

/** Those made in the period; what was found in jobs that began before it, too. */
function addDetections(
  { server }: Databases,
  organisationId: string,
  { from, to, bucketMs }: Span,
  { detections, buckets }: Overview,
): void {
  const groups = server.all<{
    bucket: number
    severity: z.infer<typeof Severity>
    state: (typeof states)[number]
    many: number
  }>(
    `SELECT CAST((d.created_at - ?2) / ?3 AS INTEGER) AS bucket, d.severity,
            coalesce(i.state, CASE WHEN d.suppressed IS NULL THEN 'open' ELSE 'suppressed' END) AS state, count(*) AS many
     FROM detections d LEFT JOIN inbox i ON i.detection_id = d.id
     WHERE d.organisation_id = ?1 AND d.created_at >= ?2 AND d.created_at <= ?4 GROUP BY 1, 2, 3`,
    organisationId,
    from,
    bucketMs,
    to,
  )
  for (const { bucket, severity, state: now, many } of groups) {
    const of = (detections[now] ??= {})
    of[severity] = (of[severity] ?? 0) + many
    const at = buckets[Math.min(bucket, buckets.length - 1)]
    if (at !== undefined && now !== 'suppressed') at.detections += many
  }
}
