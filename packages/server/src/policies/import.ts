import { z } from 'zod'
import { baselineOf } from '../baselines/baseline.ts'
import { type PastJob, pastJobs, Window } from '../baselines/past-jobs.ts'
import { recommendation } from '../baselines/recommendation.ts'
import type { Context } from '../context.ts'
import { badRequest, notFound } from '../error.ts'
import { Id } from '../routes/page.ts'
import type { Owner } from './owner.ts'

/** What a policy is made from: what one job would have needed, or the jobs of a window. */
export const Source = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('job'), jobId: Id }),
  z.object({ kind: z.literal('baseline'), window: Window }),
])
export type Source = z.output<typeof Source>

/**
 * The text of a policy that is given, or made.
 * @throws HttpError (400, 404)
 */
export async function textOf(
  context: Context,
  owner: Owner,
  text: string | undefined,
  from: Source | undefined,
): Promise<{ text: string; origin: string | null }> {
  if ((text === undefined) === (from === undefined))
    throw badRequest('body', 'text', 'either text is given, or from: what it is made from')
  if (from === undefined) return { text: text ?? '', origin: null }
  if (owner === null) throw badRequest('body', 'from', 'the server itself has no jobs')
  const { db, clock, ingest } = context
  const jobs =
    from.kind === 'job'
      ? [jobOf(context, owner, from.jobId)]
      : pastJobs(db, owner, from.window, { now: clock() })
  if (jobs.length === 0)
    throw badRequest('body', 'from.window', 'no job of it has finished: nothing is known')
  const made = recommendation(await baselineOf(await ingest.indexer.index(), jobs))
  const origin =
    from.kind === 'job'
      ? `job ${from.jobId}`
      : `baseline of ${jobs.length} runs${said(from.window)}`
  return { text: made.text, origin }
}

function said({ repository, workflow, job }: Window): string {
  const what = [repository, workflow, job].filter((one) => one !== undefined)
  return what.length === 0 ? '' : ` of ${what.join(', ')}`
}

function jobOf({ db }: Context, organisationId: string, id: string): PastJob {
  const found = db.get<PastJob>(
    `SELECT id, repository, workflow, job, run_id AS runId, started_at AS startedAt
     FROM jobs WHERE organisation_id = ? AND id = ?`,
    organisationId,
    id,
  )
  if (found === undefined) throw notFound('job')
  return found
}
