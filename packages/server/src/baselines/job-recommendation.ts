import type { JobRecommendation } from '@runwarden/events/control-plane'
import type { RecommendDestination } from '@runwarden/policy'
import type { Context } from '../context.ts'
import { HttpError, notFound } from '../error.ts'
import { baselineOf } from './baseline.ts'
import { factsOf, left } from './job-facts.ts'
import { type JobOf, pastOf } from './past-jobs.ts'
import { recommendation } from './recommendation.ts'

/** The job's last stage waits for it, and its events came a moment ago, ms. */
const indexedWithinMs = 1_000
/** Names that were only looked up: a flood of them would bury the policy. */
const mostNames = 200

/**
 * The policy that a job that has just finished would have needed, together with the runs of the same job before it.
 * @throws HttpError (404; 409 before the job has finished; 503 where its events are not indexed yet)
 */
export async function jobRecommendation(
  { db, ingest, clock }: Context,
  jobId: string,
): Promise<JobRecommendation> {
  const job = db.get<JobOf & { finishedAt: number | null }>(
    `SELECT id, organisation_id AS organisationId, repository, workflow, workflow_ref AS workflowRef, job, run_id AS runId,
            started_at AS startedAt, finished_at AS finishedAt FROM jobs WHERE id = ?`,
    jobId,
  )
  if (job === undefined) throw notFound('job')
  if (job.finishedAt === null) throw new HttpError(409, 'job-runs', 'the job has not finished')
  await ingest.indexer.settled(indexedWithinMs)
  const index = await ingest.indexer.index()
  const { position } = index.get<{ position: number }>('SELECT position FROM state') ?? {
    position: 0,
  }
  const last = db.get<{ n: number | null }>(
    'SELECT max(number) AS n FROM segments WHERE job_id = ?',
    jobId,
  )
  if ((last?.n ?? 0) > position)
    throw new HttpError(503, 'not-indexed', 'the job’s events are not indexed yet; ask again')
  const past = pastOf(db, job, { now: clock(), before: jobId })
  const baseline = await baselineOf(index, [job, ...past])
  const { text } = recommendation(baseline, refusedOf(await factsOf(index, jobId)))
  return { text, earlierRuns: past.length }
}

/** As the job's own report has it. */
function refusedOf({
  contacts,
  questions,
}: Awaited<ReturnType<typeof factsOf>>): RecommendDestination[] {
  const reached = new Set(contacts.map(({ host }) => host))
  return [
    ...contacts
      .filter((one) => !left(one))
      .flatMap(({ host, addresses, port, protocol, verdict, reason, rule, programs }) =>
        (addresses.length === 0 ? [''] : addresses).map((address) => ({
          host,
          port,
          protocol,
          verdict,
          reason,
          rule,
          address,
          processes: programs.flatMap(({ exe }) => (exe === null ? [] : [{ exe }])),
        })),
      ),
    ...questions
      .filter(
        ({ name, type, verdict, rcode }) =>
          !reached.has(name) &&
          (verdict === 'blocked' ||
            (verdict === 'would-block' && rcode === 'NOERROR' && type !== 'PTR')),
      )
      .slice(0, mostNames)
      .map(({ name, verdict }) => ({
        host: name,
        address: '',
        port: 443,
        protocol: 'tcp',
        verdict,
        onlyAsked: true,
      })),
  ]
}
