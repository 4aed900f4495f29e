import type { JobStart } from '@runwarden/events/control-plane'
import type { Identity, Organisation } from '../auth/rights.ts'
import type { Database } from '../db/database.ts'
import { HttpError } from '../error.ts'
import { newId } from '../id.ts'
import { insightsUrl } from './job-row.ts'

/** An answer that was lost is asked for again within that. */
const sameJobMs = 10 * 60_000

/** Jobs' starts. */
export class Jobs {
  readonly #db: Database
  readonly #clock: () => number
  readonly #url: () => string

  constructor(db: Database, clock: () => number, url: () => string) {
    this.#db = db
    this.#clock = clock
    this.#url = url
  }

  /** @returns its id, where a person sees it, and who it is */
  start(
    identity: Identity,
    organisation: Organisation,
    start: JobStart,
  ): { id: string; insightsUrl: string | null; job: JobStart['job'] } {
    const job = identity.kind === 'job-claims' ? claimed(identity, start.job) : start.job
    if (job.repository !== null && !isOf(job.repository, organisation))
      throw new HttpError(
        400,
        'bad-request',
        `body job.repository: is no repository of ${organisation.name}, whose key this is`,
        [{ in: 'body', at: 'job.repository', problem: `is no repository of ${organisation.name}` }],
      )
    const values = {
      repository: job.repository,
      workflow: job.workflow,
      workflow_ref: job.workflowRef,
      job: job.job,
      run_id: job.runId,
      run_attempt: job.runAttempt,
      ref: job.ref,
      sha: job.sha,
      event: job.event,
      actor: job.actor,
      runner_name: start.runner.name,
      runner_os: start.runner.os,
      runner_arch: start.runner.arch,
      runner_environment: start.runner.environment,
      policy_from: start.policy.from,
      policy_name: start.policy.from === 'name' ? start.policy.name : null,
    }
    const url = insightsUrl(this.#url(), values)
    return this.#db.transaction(() => {
      const now = this.#clock()
      const { nonce } = start
      const again = nonce === undefined ? undefined : this.#again(organisation, nonce, values, now)
      if (again !== undefined) return { id: again, insightsUrl: url, job }
      const id = newId()
      this.#db.run(
        `INSERT INTO jobs (id, organisation_id, ${Object.keys(values).join(', ')}, proven, started_at, heard_at)
         VALUES (?, ?, ${Object.keys(values)
           .map(() => '?')
           .join(', ')}, ?, ?, ?)`,
        id,
        organisation.id,
        ...Object.values(values),
        identity.kind === 'job-claims' ? 1 : 0,
        now,
        now,
      )
      if (nonce !== undefined) this.#remember(organisation, nonce, id, now)
      return { id, insightsUrl: url, job }
    })
  }

  /**
   * The same start, whose answer was lost. By nothing else: jobs of a matrix have the same names, and runners may, too. Who
   * has another job's nonce still has to be of its run.
   */
  #again(
    organisation: Organisation,
    nonce: string,
    { repository, run_id, run_attempt, job }: Record<string, string | null>,
    now: number,
  ): string | undefined {
    return this.#db.get<{ id: string }>(
      `SELECT id FROM job_starts JOIN jobs ON jobs.id = job_id
       WHERE job_starts.organisation_id = ? AND nonce = ? AND at > ? AND finished_at IS NULL
         AND repository IS ? AND run_id IS ? AND run_attempt IS ? AND job IS ?`,
      organisation.id,
      nonce,
      now - sameJobMs,
      repository ?? null,
      run_id ?? null,
      run_attempt ?? null,
      job ?? null,
    )?.id
  }

  #remember(organisation: Organisation, nonce: string, jobId: string, now: number): void {
    this.#db.run('DELETE FROM job_starts WHERE at <= ?', now - sameJobMs)
    this.#db.run(
      `INSERT INTO job_starts VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET job_id = excluded.job_id, at = excluded.at`,
      organisation.id,
      nonce,
      jobId,
      now,
    )
  }
}

/** What GitHub's token says is believed, whatever the request says; the rest is the request's word. */
function claimed(
  { claims }: Extract<Identity, { kind: 'job-claims' }>,
  said: JobStart['job'],
): JobStart['job'] {
  const { repository, runId, runAttempt } = claims
  return {
    repository,
    runId,
    runAttempt,
    workflow: claims.workflow ?? said.workflow,
    workflowRef: claims.workflowRef ?? said.workflowRef,
    job: said.job,
    ref: claims.ref ?? said.ref,
    sha: claims.sha ?? said.sha,
    event: claims.event ?? said.event,
    actor: claims.actor ?? said.actor,
  }
}

const isOf = (repository: string, { name }: Organisation): boolean =>
  /^[\w.-]{1,100}\/[\w.-]{1,100}$/.test(repository) &&
  repository.toLowerCase().startsWith(`${name}/`)
