import type { JobSummary } from '@runwarden/api'
import type { JobFacts } from '../../../job/source.ts'

/** What the server knows of a job, as the job page has it. */
export function factsOf(job: JobSummary): JobFacts {
  return {
    name: job.job ?? job.workflow ?? 'Job',
    state: job.state,
    egress: job.egress,
    protection: job.protection,
    armed: job.armed,
    tampered: job.tampered,
    interrupted: job.interrupted,
    tier: job.tier,
    exit: job.exit,
    startedAt: job.startedAt,
    finishedAt: job.finishedAt,
    repository: job.repository,
    workflow: job.workflow,
    run: job.runId,
    attempt: job.runAttempt,
    ref: job.ref,
    sha: job.sha,
    event: job.event,
    actor: job.actor,
    runner: job.runnerName,
    events: job.totals.events,
    eventsLost: job.eventsLost,
    rows: job.totals.rows,
    byVerdict: job.totals.byVerdict,
    detections: job.detections,
  }
}
