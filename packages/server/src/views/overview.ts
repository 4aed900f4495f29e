import { Severity, type Verdict } from '@runwarden/events'
import { z } from 'zod'
import { states } from '../detections/inbox.ts'
import { addCalls, Calls, callsIn, noCalls } from './calls.ts'
import { Job, jobOfOrganisation } from './job-list.ts'
import { JobState, stateIn, stateIs } from './job-state.ts'
import { destinationsOf, OrganisationDestination } from './destinations.ts'
import { sumOf } from '../ingest/totals.ts'
import type { Databases } from './joined.ts'
import type { Span } from './period.ts'

const Coverage = z.object({
  jobs: z.int(),
  /** Armed, and policy is enforced: `egress: block`. */
  blocking: z.int(),
  /** Armed, and policy is only held against what happens: `egress: audit`. */
  auditing: z.int(),
  /** Armed, and its agent has not said yet which. */
  armed: z.int(),
  /** Could not be armed, or ran without (`fail-mode: open`). */
  unprotected: z.int(),
  /** Nothing was heard of whether it is armed. */
  unknown: z.int(),
  /** Lost events, whatever else. */
  lossy: z.int(),
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
  /** Jobs whose agents fell silent, and have not finished. */
  silent: z.object({ jobs: z.int(), newest: z.array(Job) }),
})
export type Overview = z.infer<typeof Overview>
z.globalRegistry.add(Overview, { id: 'Overview' })

/** Jobs and repositories that are named. */
const mostNamed = 20
const mostDestinations = 10

/** In SQL, of a job (j) and its mode (m): which of a Coverage's counts it is in. */
const coverage = `CASE
  WHEN j.armed = 0 OR m.protection IN ('unprotected', 'not-run') THEN 'unprotected'
  WHEN j.armed IS NULL AND m.protection IS NULL THEN 'unknown'
  WHEN m.egress = 'block' THEN 'blocking'
  WHEN m.egress = 'audit' THEN 'auditing'
  ELSE 'armed' END`

interface Group extends Calls {
  bucket: number
  state: JobState
  tier: string | null
  coverage: 'blocking' | 'auditing' | 'armed' | 'unprotected' | 'unknown'
  lossy: number
  jobs: number
}

const noCoverage = (): z.infer<typeof Coverage> => ({
  jobs: 0,
  blocking: 0,
  auditing: 0,
  armed: 0,
  unprotected: 0,
  unknown: 0,
  lossy: 0,
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
      one[group.coverage] += group.jobs
      if (group.lossy === 1) one.lossy += group.jobs
    }
    addCalls(overview.calls, group)
    if (bucket !== undefined) addCalls(bucket.calls, group)
  }
  addDetections(dbs, organisationId, span, overview)
  overview.unprotected.jobs = overview.coverage.unprotected + overview.coverage.auditing
  overview.unprotected.newest = newest(
    dbs,
    organisationId,
    from,
    `${coverage} IN ('unprotected', 'auditing')`,
  )
  overview.silent.jobs = overview.states.silent
  overview.silent.newest = newest(dbs, organisationId, from, stateIs.silent('j'))
  return overview
}

const calls = (verdict: Verdict): string => sumOf(callsIn(verdict))

function groupsOf({ both }: Databases, organisationId: string, span: Span): Group[] {
  return both.all<Group>(
    `SELECT CAST((j.started_at - ?2) / ?3 AS INTEGER) AS bucket, ${stateIn('j')} AS state, j.tier, ${coverage} AS coverage,
            j.events_lost <> '{}' AS lossy, count(*) AS jobs, ${calls('allowed')} AS allowed,
            ${calls('would-block')} AS "would-block", ${calls('blocked')} AS blocked, ${calls('attack-blocked')} AS "attack-blocked"
     FROM server.jobs j LEFT JOIN server.job_modes m ON m.job_id = j.id LEFT JOIN main.jobs t ON t.id = j.id
     WHERE j.organisation_id = ?1 AND j.started_at >= ?2 AND j.started_at <= ?4
     GROUP BY 1, 2, 3, 4, 5`,
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
      `SELECT count(DISTINCT ifnull(repository, '') || ' ' || ifnull(run_id, id) || ' ' || ifnull(run_attempt, '')) AS runs,
              count(DISTINCT repository) AS repositories
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
         SELECT min(repository) FROM jobs WHERE organisation_id = ?1
         UNION ALL
         SELECT (SELECT min(repository) FROM jobs WHERE organisation_id = ?1 AND repository > names.name)
         FROM names WHERE names.name IS NOT NULL
       )
       SELECT name FROM names WHERE name IS NOT NULL AND (
         SELECT started_at FROM jobs WHERE organisation_id = ?1 AND repository = name ORDER BY id DESC LIMIT 1) < ?2
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
