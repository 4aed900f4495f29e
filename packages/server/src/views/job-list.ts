import { z } from 'zod'
import type { Database } from '../db/database.ts'
import { isTampered, JobState, stateOf } from './job-state.ts'

const text = z.string().nullable()

/** A job as lists show it. */
export const Job = z.object({
  id: z.string(),
  repository: text,
  workflow: text,
  job: text,
  runId: text,
  runAttempt: text,
  ref: text,
  sha: text,
  event: text,
  actor: text,
  runnerName: text,
  runnerOs: text,
  runnerArch: text,
  /** As of RUNNER_ENVIRONMENT: `github-hosted`, `self-hosted`. */
  runnerEnvironment: text,
  /** Who it is was said by GitHub's token; false: by whoever held an API key. */
  proven: z.boolean(),
  /** Milliseconds since 1970. */
  startedAt: z.int(),
  heardAt: z.int(),
  /** Of a lost one, when its agent was heard last. */
  finishedAt: z.int().nullable(),
  state: JobState,
  exit: z.int().nullable(),
  /** Of the kernel's hooks that its agent has; null: not heard yet. */
  tier: text,
  armed: z.boolean().nullable(),
  /** Of the policy that holds for it; null: not known yet. */
  egress: z.enum(['audit', 'block']).nullable(),
  /** As its agent says, at last by its report: `unprotected`: `fail-mode: open` let it run without; null: not heard yet. */
  protection: z.enum(['armed', 'unprotected', 'not-run']).nullable(),
  detections: z.int(),
  /** Events that the agent could not keep, by kind. */
  eventsLost: z.record(z.string(), z.int()),
  /** It has the detection `agent-tampered`: somebody laid hands on its agent, or its record is not whole. */
  tampered: z.boolean(),
  /** Its report says that an agent before the last one was killed. */
  interrupted: z.boolean(),
})
export type Job = z.infer<typeof Job>
z.globalRegistry.add(Job, { id: 'Job' })

type Stored = Omit<
  Job,
  'proven' | 'armed' | 'state' | 'eventsLost' | 'tampered' | 'interrupted'
> & {
  proven: number
  armed: number | null
  eventsLost: string
  tampered: number
  interrupted: number
  silentAt: number | null
}

/** The columns of a Job, of `jobs`. */
const columns = `id, repository, workflow, job, run_id AS runId, run_attempt AS runAttempt, ref, sha, event, actor,
  runner_name AS runnerName, runner_os AS runnerOs, runner_arch AS runnerArch,
  runner_environment AS runnerEnvironment, proven, started_at AS startedAt,
  heard_at AS heardAt, finished_at AS finishedAt, silent_at AS silentAt, exit_status AS exit, tier, armed,
  (SELECT egress FROM job_modes WHERE job_id = jobs.id) AS egress,
  (SELECT protection FROM job_modes WHERE job_id = jobs.id) AS protection,
  (SELECT count(*) FROM detections WHERE job_id = jobs.id AND suppressed IS NULL) AS detections,
  events_lost AS eventsLost, interrupted, ${isTampered('jobs')} AS tampered`

const jobOf = ({
  silentAt,
  proven,
  armed,
  eventsLost,
  tampered,
  interrupted,
  ...job
}: Stored): Job => ({
  ...job,
  proven: proven === 1,
  armed: armed === null ? null : armed === 1,
  eventsLost: JSON.parse(eventsLost) as Record<string, number>,
  tampered: tampered === 1,
  interrupted: interrupted === 1,
  state: stateOf({ finishedAt: job.finishedAt, silentAt }),
})

/** A job of an organisation; undefined: it has none of that id. */
export function jobOfOrganisation(
  db: Database,
  organisationId: string,
  jobId: string,
): Job | undefined {
  const found = db.get<Stored>(
    `SELECT ${columns} FROM jobs WHERE organisation_id = ? AND id = ?`,
    organisationId,
    jobId,
  )
  return found && jobOf(found)
}

/** An organisation's jobs, the newest first. */
export function listJobs(
  db: Database,
  organisationId: string,
  asked: { repository: string | null; run: string | null; before: string; limit: number },
): Job[] {
  const { repository, run, before, limit } = asked
  const and = [
    ...(repository === null ? [] : ['AND repository = ? COLLATE NOCASE']),
    ...(run === null ? [] : ['AND run_id = ?']),
  ].join(' ')
  return db
    .all<Stored>(
      `SELECT ${columns} FROM jobs WHERE organisation_id = ? ${and} AND id < ? ORDER BY id DESC LIMIT ?`,
      organisationId,
      ...(repository === null ? [] : [repository]),
      ...(run === null ? [] : [run]),
      before,
      limit,
    )
    .map((job) => jobOf(job))
}
