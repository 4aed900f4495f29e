import type { Context } from '../context.ts'
import type { Database } from '../db/database.ts'
import { addFinding, type Finding } from '../ingest/findings.ts'
import { isOfMachine } from '../ingest/index-schema.ts'
import { keepLooking, oneAtATime } from '../looking.ts'
import { type Baseline, baselineOf } from './baseline.ts'
import { type Contact, destinationOf, factsOf, left } from './job-facts.ts'
import { jobName, type JobOf, pastOf } from './past-jobs.ts'

/** Fewer runs say little of what is usual. */
const leastRuns = 5
/** New destinations of one job that are told one by one; with more it does something else altogether, which one finding says. */
const mostNew = 50

/** Holds each job that has finished against those before it. */
export class Comparing {
  readonly #context: Context

  /** Compares all jobs that have finished and are indexed. */
  readonly look = oneAtATime(() => this.#look())

  constructor(context: Context) {
    this.#context = context
  }

  /** Goes on until the server ends. */
  start(): void {
    keepLooking(this.#context, () => this.look(), 'jobs cannot be compared')
  }

  async #look(): Promise<void> {
    const { db, ingest, closing, clock, log } = this.#context
    const index = await ingest.indexer.index()
    const waiting = db.all<JobOf & { segment: number | null }>(
      `SELECT jobs.id, organisation_id AS organisationId, repository, workflow, workflow_ref AS workflowRef, job,
              run_id AS runId, started_at AS startedAt, (SELECT max(number) FROM segments WHERE job_id = jobs.id) AS segment
       FROM jobs_to_compare JOIN jobs ON jobs.id = job_id ORDER BY job_id LIMIT 100`,
    )
    for (const { segment, ...job } of waiting) {
      if (closing.aborted) return
      const { position } = index.get<{ position: number }>('SELECT position FROM state') ?? {
        position: 0,
      }
      if (segment !== null && segment > position) continue
      const findings = await this.#compare(index, job).catch((error: unknown) => {
        // Whatever it is that one job, or one before it, says of itself: the others are compared.
        if (isOfMachine(error)) throw error
        log.error({ err: error, jobId: job.id }, 'a job is not compared')
        return [uncompared(clock())]
      })
      db.transaction(() => {
        for (const finding of findings) addFinding(db, job.id, clock(), finding)
        db.run('DELETE FROM jobs_to_compare WHERE job_id = ?', job.id)
      })
    }
  }

  async #compare(index: Database, job: JobOf): Promise<Finding[]> {
    const { db, clock } = this.#context
    const name = jobName(job)
    const past = pastOf(db, job, { now: clock(), before: job.id })
    if (name === undefined || past.length < leastRuns) return []
    const baseline = await baselineOf(index, past)
    this.#remember(job.organisationId, name, baseline)
    const known = new Set(
      baseline.destinations.flatMap(({ host, addresses, port, protocol }) =>
        (host === null ? addresses : [host]).map((name) => `${protocol} ${name} ${port}`),
      ),
    )
    const { contacts } = await factsOf(index, job.id)
    const found = new Map<string, Contact>()
    for (const contact of contacts) {
      const key = destinationOf(contact)
      if (left(contact) && !known.has(key) && !found.has(key)) found.set(key, contact)
    }
    const all = [...found]
    const told = all.slice(0, mostNew).map(([key, contact]) => findingOf(key, contact, past.length))
    return all.length > mostNew ? [...told, flood(all.length, past.length, clock())] : told
  }

  /** For lists, which can't look through the runs of every job. */
  #remember(
    organisationId: string,
    { repository, workflow, job }: { repository: string; workflow: string; job: string },
    { state, runs, settledRuns }: Baseline,
  ): void {
    const { db, clock } = this.#context
    db.run(
      `INSERT INTO baseline_states VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
       SET state = excluded.state, runs = excluded.runs, settled_runs = excluded.settled_runs, at = excluded.at`,
      organisationId,
      repository.toLowerCase(),
      workflow,
      job,
      state,
      runs,
      settledRuns,
      clock(),
    )
  }
}

function findingOf(key: string, contact: Contact, past: number): Finding {
  const { host, addresses, port, protocol, programs, firstSeq, firstTime } = contact
  const [by] = programs
  const what = `${host ?? addresses[0] ?? 'an unknown address'} port ${port} (${protocol})`
  const who = by?.exe === null || by?.exe === undefined ? '' : ` by ${by.exe}`
  return {
    source: 'server',
    key: `new ${key}`,
    rule: 'new-outbound-destination',
    severity: 'medium',
    title: `A destination that is new for this job: ${what}`,
    text: `The job reached ${what}${who}; none of its last ${past} runs did. If the job needs it from now on, allow it in its policy; if nobody can say why, treat it as an exfiltration: look at the step, and at what changed since the last run.`,
    time: firstTime,
    step: by?.step ?? null,
    execId: null,
    evidence: [firstSeq],
    suppressed: null,
  }
}

const flood = (many: number, past: number, time: number): Finding => ({
  source: 'server',
  key: 'new destinations',
  rule: 'new-outbound-destination',
  severity: 'high',
  title: `${many} destinations that are new for this job`,
  text: `The job reached ${many} destinations that none of its last ${past} runs did; the first ${mostNew} are told one by one. Its record has all of them.`,
  time,
  step: null,
  execId: null,
  evidence: [],
  suppressed: null,
})

const uncompared = (time: number): Finding => ({
  source: 'server',
  key: 'not compared',
  rule: 'record-damaged',
  severity: 'high',
  title: 'The job could not be held against those before it',
  text: "Something in the record of the job, or of one of its last runs, can't be read in the way that it has to be: whether it reached anything new is not known. Look at its destinations; the server's log has the reason.",
  time,
  step: null,
  execId: null,
  evidence: [],
  suppressed: null,
})
