import { z } from 'zod'
import type { Database } from '../db/database.ts'
import { badRequest } from '../error.ts'
import { Repository } from '../policies/attachments.ts'
import { workflowPath } from '../policies/effective.ts'
import { Line } from '../routes/page.ts'

/** Runs that say what is usual. */
const usualRuns = 100

/** Which jobs: of one job of a workflow, of a repository, or of the organisation; and how far back. */
export const Window = z.object({
  repository: Repository.optional(),
  /** Path of the workflow's file, or its name. */
  workflow: Line.optional(),
  job: Line.optional(),
  /** The newest so many finished jobs. */
  runs: z.coerce.number().int().min(1).max(1000).default(usualRuns),
  /** Of these, those that started so many days ago at most. */
  days: z.coerce.number().int().min(1).max(3650).optional(),
})
export type Window = z.output<typeof Window>

export interface PastJob {
  id: string
  repository: string | null
  workflow: string | null
  job: string | null
  runId: string | null
  startedAt: number
}

/**
 * Finished jobs of a window, the newest first.
 * @param before those that are older than this job; null: all
 * @throws HttpError (400)
 */
export function pastJobs(
  db: Database,
  organisationId: string,
  { repository, workflow, job, runs, days }: Window,
  { now, before = null }: { now: number; before?: string | null },
): PastJob[] {
  if ((workflow === undefined) !== (job === undefined))
    throw badRequest(
      'query',
      workflow === undefined ? 'workflow' : 'job',
      'workflow and job go together',
    )
  if (job !== undefined && repository === undefined)
    throw badRequest('query', 'repository', 'is missing: the job’s')
  const isFile = workflow?.startsWith('.github/') === true
  const conditions: [string, ...string[]][] = [
    ...(repository === undefined
      ? []
      : ([['repository = ? COLLATE NOCASE', repository]] as [string, string][])),
    ...(workflow === undefined
      ? []
      : isFile
        ? ([
            [
              'substr(workflow_ref, 1, ?) = ? COLLATE NOCASE',
              String(`${repository}/${workflow}@`.length),
              `${repository}/${workflow}@`,
            ],
          ] as [string, string, string][])
        : ([['workflow = ?', workflow]] as [string, string][])),
    ...(job === undefined ? [] : ([['job = ?', job]] as [string, string][])),
  ]
  return db.all<PastJob>(
    `SELECT id, repository, workflow, job, run_id AS runId, started_at AS startedAt FROM jobs
     WHERE organisation_id = ? AND finished_at IS NOT NULL AND silent_at IS NULL AND id < ? AND started_at >= ?
       ${conditions.map(([sql]) => `AND ${sql}`).join(' ')}
     ORDER BY id DESC LIMIT ?`,
    organisationId,
    before ?? '~',
    days === undefined ? 0 : now - days * 24 * 3_600_000,
    ...conditions.flatMap(([, ...values]) => values),
    runs,
  )
}

/** A job, as its row has it. */
export interface JobOf extends PastJob {
  organisationId: string
  workflowRef: string | null
}

/** What the runs of a job have in common: of its workflow the file, where that is known. undefined: whose past is not known by name has none. */
export function jobName({
  repository,
  workflow,
  workflowRef,
  job,
}: JobOf): { repository: string; workflow: string; job: string } | undefined {
  if (repository === null || workflow === null || job === null) return undefined
  return { repository, workflow: workflowPath(workflowRef) ?? workflow, job }
}

/**
 * The newest runs of the same job.
 * @param before those that are older than this job
 */
export function pastOf(
  db: Database,
  job: JobOf,
  range: { now: number; before: string },
): PastJob[] {
  const name = jobName(job)
  if (name === undefined) return []
  return pastJobs(db, job.organisationId, { ...name, runs: usualRuns }, range)
}
