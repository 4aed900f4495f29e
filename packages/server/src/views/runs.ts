import type { Severity, Verdict } from '@runwarden/events'
import { jobReliance } from '@runwarden/events/reliance'
import { z } from 'zod'
import type { Database } from '../db/database.ts'
import type { Databases } from './joined.ts'
import { addCalls, Calls, callsIn, noCalls } from './calls.ts'
import { Job, jobOfOrganisation } from './job-list.ts'
import { JobState, Reliance, stateIs } from './job-state.ts'
import { isExpected, Severities } from './severities.ts'

const text = z.string().nullable()
const Egress = z.enum(['audit', 'block'])

/** A run of a workflow as its jobs make it; a job that is none of GitHub's is a run of its own. */
export const Run = z.object({
  /** Of its first job. */
  id: z.string(),
  repository: text,
  workflow: text,
  runId: text,
  runAttempt: text,
  ref: text,
  sha: text,
  event: text,
  actor: text,
  /** Milliseconds since 1970. */
  startedAt: z.int(),
  /** null: a job of it has not finished. */
  finishedAt: z.int().nullable(),
  /** Of its jobs: the first of `silent`, `running`, `lost`, `finished` that one of them is in. */
  state: JobState,
  jobs: z.int(),
  /** Jobs whose command ended with another status than 0. */
  failed: z.int(),
  /** Of its jobs, each once, as far as it is known. */
  egress: z.array(Egress),
  /** Of its jobs, each once, the worst first: how far what is told of them can be relied on. */
  reliance: z.array(Reliance),
  calls: Calls,
  severities: Severities,
})
export type Run = z.infer<typeof Run>
z.globalRegistry.add(Run, { id: 'Run' })

/** A job of a run. */
export const RunJob = Job.extend({ calls: Calls, severities: Severities })
export type RunJob = z.infer<typeof RunJob>
z.globalRegistry.add(RunJob, { id: 'RunJob' })

/** What runs are looked for by; those that have a job like that. */
export interface RunFilter {
  repository?: string | undefined
  workflow?: string | undefined
  ref?: string | undefined
  run?: string | undefined
  attempt?: string | undefined
  verdict?: Verdict | undefined
  detection?: string | undefined
  severity?: Severity | undefined
  egress?: 'audit' | 'block' | undefined
  state?: Run['state'] | undefined
  /** Of the run's start, milliseconds since 1970. */
  from?: number | undefined
  to?: number | undefined
}

/** Jobs of the same run as h. */
const sameRun = (job: string): string =>
  `${job}.organisation_id = h.organisation_id AND ${job}.run_id = h.run_id AND ${job}.repository IS h.repository COLLATE NOCASE
   AND ${job}.run_attempt IS h.run_attempt`

/** Ids of runs, the newest first. */
export function runIds(
  { both }: Databases,
  organisationId: string,
  filter: RunFilter,
  { before, limit }: { before: string; limit: number },
): string[] {
  const values: (string | number)[] = []
  const value = (one: string | number): string => `?${values.push(one)}`
  const ofHead: string[] = [
    `h.organisation_id = ${value(organisationId)}`,
    `h.id < ${value(before)}`,
    `(h.run_id IS NULL OR NOT EXISTS (SELECT 1 FROM server.jobs o INDEXED BY jobs_by_run WHERE ${sameRun('o')} AND o.id < h.id))`,
  ]
  const { repository, workflow, ref, run, attempt, from, to } = filter
  if (repository !== undefined) ofHead.push(`h.repository = ${value(repository)} COLLATE NOCASE`)
  if (workflow !== undefined) ofHead.push(`h.workflow = ${value(workflow)}`)
  if (ref !== undefined) ofHead.push(`h.ref = ${value(ref)}`)
  if (run !== undefined) ofHead.push(`h.run_id = ${value(run)}`)
  if (attempt !== undefined) ofHead.push(`h.run_attempt = ${value(attempt)}`)
  if (from !== undefined) ofHead.push(`h.started_at >= ${value(from)}`)
  if (to !== undefined) ofHead.push(`h.started_at <= ${value(to)}`)
  const ofJob = conditionsOfJob(filter, value)
  if (ofJob !== undefined)
    ofHead.push(
      `((h.run_id IS NULL AND ${ofJob('h')}) OR EXISTS (SELECT 1 FROM server.jobs j INDEXED BY jobs_by_run WHERE ${sameRun('j')} AND ${ofJob('j')}))`,
    )
  return both
    .all<{ id: string }>(
      `SELECT h.id FROM server.jobs h WHERE ${ofHead.join(' AND ')} ORDER BY h.id DESC LIMIT ${value(limit)}`,
      ...values,
    )
    .map(({ id }) => id)
}

function conditionsOfJob(
  { verdict, detection, severity, egress, state }: RunFilter,
  value: (one: string) => string,
): ((job: string) => string) | undefined {
  const all: ((job: string) => string)[] = []
  if (verdict !== undefined)
    all.push(
      (job) =>
        `EXISTS (SELECT 1 FROM main.jobs t WHERE t.id = ${job}.id AND ${callsIn(verdict)} > 0)`,
    )
  if (detection !== undefined || severity !== undefined) {
    const rule = detection === undefined ? '' : `AND d.rule = ${value(detection)}`
    const grade = severity === undefined ? '' : `AND d.severity = ${value(severity)}`
    all.push(
      (job) =>
        `EXISTS (SELECT 1 FROM server.detections d WHERE d.job_id = ${job}.id ${rule} ${grade} AND NOT ${isExpected})`,
    )
  }
  if (egress !== undefined) {
    const mode = value(egress)
    all.push(
      (job) =>
        `EXISTS (SELECT 1 FROM server.job_modes m WHERE m.job_id = ${job}.id AND m.egress = ${mode})`,
    )
  }
  if (state !== undefined) all.push(stateIs[state])
  return all.length === 0 ? undefined : (job) => all.map((one) => `(${one(job)})`).join(' AND ')
}

/** Jobs of the run that a job is of, in the order of their start. */
export function jobsOfRun(
  { server, both }: Databases,
  organisationId: string,
  jobId: string,
  { after, limit }: { after: string; limit: number },
): RunJob[] {
  const run = server.get<{ run: string | null; repository: string | null; attempt: string | null }>(
    `SELECT run_id AS run, repository, run_attempt AS attempt FROM jobs WHERE organisation_id = ? AND id = ?`,
    organisationId,
    jobId,
  )
  if (run === undefined) return []
  const ids =
    run.run === null
      ? [{ id: jobId }].filter(({ id }) => id > after)
      : server.all<{ id: string }>(
          `SELECT id FROM jobs INDEXED BY jobs_by_run
           WHERE organisation_id = ? AND run_id = ? AND id > ? AND repository IS ? COLLATE NOCASE AND run_attempt IS ? ORDER BY id LIMIT ?`,
          organisationId,
          run.run,
          after,
          run.repository,
          run.attempt,
          limit,
        )
  return ids.flatMap(({ id }) => runJobOf({ server, both }, organisationId, id) ?? [])
}

/** A job with what it did; undefined: the organisation has none of that id. */
export function runJobOf(
  { server, both }: Databases,
  organisationId: string,
  jobId: string,
): RunJob | undefined {
  const job = jobOfOrganisation(server, organisationId, jobId)
  return job && { ...job, calls: callsOf(both, jobId), severities: severitiesOf(both, jobId) }
}

function callsOf(db: Database, jobId: string): Calls {
  return (
    db.get<Calls>(
      `SELECT ${callsIn('allowed')} AS allowed, ${callsIn('would-block')} AS "would-block",
              ${callsIn('blocked')} AS blocked, ${callsIn('attack-blocked')} AS "attack-blocked"
       FROM main.jobs t WHERE t.id = ?`,
      jobId,
    ) ?? noCalls()
  )
}

function severitiesOf(db: Database, jobId: string): Severities {
  const found = db.all<{ severity: Severity; many: number }>(
    `SELECT severity, count(*) AS many FROM server.detections d WHERE d.job_id = ? AND NOT ${isExpected} GROUP BY severity`,
    jobId,
  )
  return Object.fromEntries(found.map(({ severity, many }) => [severity, many]))
}

/** Jobs of one run that are looked at: GitHub has 256 of a matrix. */
const mostJobs = 1000

export function runOf(dbs: Databases, organisationId: string, jobId: string): Run | undefined {
  const jobs = jobsOfRun(dbs, organisationId, jobId, { after: '', limit: mostJobs })
  const [first] = jobs
  if (first === undefined) return undefined
  const { id, repository, workflow, runId, runAttempt, ref, sha, event, actor, startedAt } = first
  const calls = noCalls()
  const severities: Severities = {}
  for (const job of jobs) {
    addCalls(calls, job.calls)
    for (const [severity, many] of Object.entries(job.severities) as [Severity, number][])
      severities[severity] = (severities[severity] ?? 0) + many
  }
  const ends = jobs.map(({ finishedAt }) => finishedAt)
  const relied = new Set(jobs.map((job) => jobReliance(job).state))
  const states = new Set(jobs.map(({ state }) => state))
  return {
    id,
    repository,
    workflow,
    runId,
    runAttempt,
    ref,
    sha,
    event,
    actor,
    startedAt,
    finishedAt: ends.includes(null) ? null : Math.max(...ends.map((end) => end ?? 0)),
    state: (['silent', 'running', 'lost'] as const).find((one) => states.has(one)) ?? 'finished',
    jobs: jobs.length,
    failed: jobs.filter(({ exit }) => exit !== null && exit !== 0).length,
    egress: [...new Set(jobs.flatMap(({ egress }) => egress ?? []))].toSorted(),
    reliance: Reliance.options.filter((one) => relied.has(one)),
    calls,
    severities,
  }
}
