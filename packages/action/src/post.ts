import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JobReport, Report } from '@runwarden/events'
import { bySeverity } from '@runwarden/report/view'
import { uploadReport } from './artifact.ts'
import { AgentClient } from './client.ts'
import { explain, fail, runStage, warn } from './failure.ts'
import { Log } from './log.ts'
import { endObserver } from './observe/observer.ts'
import { appendSummary, setOutput } from './outputs.ts'
import { kept, type State, type Watching } from './state.ts'
import { jobSummary, notProtected, recommendedFor } from './summary.ts'

/** The last stage: what the job did, in its summary; and whether it fails for it. */
const log = new Log()

type Watched = Extract<Watching, { by: 'agent' | 'observer' }>

async function post(): Promise<void> {
  const state = kept()
  // Pre or main has said why, and the job has failed.
  if (state === null) return
  const { watching } = state
  // Its own post tells of the job.
  if (watching.by === 'another') return
  if (watching.by === 'nobody') {
    summarise(notProtected(watching.reason))
    return
  }
  let asked: JobReport | undefined
  let report: Report
  try {
    asked = await ask(watching, state)
    report = JSON.parse(readFileSync(join(asked.folder, 'report.json'), 'utf8')) as Report
  } catch (error) {
    const what = `There is no report of this job: ${explain(error)}`
    summarise(notProtected(what))
    missing(what, asked ?? state)
    return
  }
  try {
    try {
      await tell(report, asked, state)
    } finally {
      if (watching.by === 'agent') await new AgentClient(watching.socket, watching.nonce).end()
    }
  } catch (error) {
    missing(`The job's report could not be told: ${explain(error)}`, asked)
  }
}

async function ask(watching: Watched, { failMode, failOn }: State): Promise<JobReport> {
  return watching.by === 'agent'
    ? new AgentClient(watching.socket, watching.nonce).report()
    : { ...(await endObserver(watching.observer)), failMode, failOn }
}

/** A disk that is full keeps neither the job from its end nor an annotation from being said. */
function summarise(markdown: string): void {
  try {
    appendSummary(markdown)
  } catch (error) {
    log.line(explain(error))
  }
}

/** What the job's record lacks, and what becomes of the job for it. */
function missing(what: string, { failMode }: Pick<State, 'failMode'>): void {
  if (failMode === 'closed') fail(log, what)
  else warn(log, what)
}

async function tell(
  report: Report,
  { folder, interrupted, unsent, recommendation, failMode, failOn }: JobReport,
  state: State,
): Promise<void> {
  const { insightsUrl } = state
  appendSummary(jobSummary(report, { insightsUrl, recommendation }))
  const { blocked = 0, 'attack-blocked': attackBlocked = 0 } = report.counts.byVerdict
  const recommended = recommendedFor(report, recommendation)
  // GitHub shows the first ones only.
  const findings = report.detections
    .filter(({ severity }) => severity !== 'info')
    .toSorted(bySeverity)
  setOutput('report-path', folder)
  setOutput('blocked-count', String(blocked + attackBlocked))
  setOutput('detections', JSON.stringify(report.detections.map(inShort)))
  setOutput('insights-url', insightsUrl ?? '')
  setOutput('recommended-policy', recommended.policy)
  setOutput('minimum-permissions', report.minimumPermissions ?? '')
  for (const { severity, title, step } of findings.slice(0, mostAnnotations)) {
    const said = `${title}${step === null ? '' : ` (step ${step})`}`
    if (severity === 'high' || severity === 'critical') log.error(said, 'Runwarden')
    else log.warning(said, 'Runwarden')
  }
  if (findings.length > mostAnnotations)
    log.line(`… and ${findings.length - mostAnnotations} more detections: see the job's summary.`)
  log.line(
    `${blocked} blocked, ${attackBlocked} blocked by the block list, ${findings.length} detections. The report is in ${folder}.`,
  )
  if (insightsUrl !== null)
    log.line(`View security insights and recommended policy at: ${insightsUrl}`)
  if (recommended.from !== null) {
    const { runs, remark } = recommended.from
    log.line(`The recommended policy is from ${runs}.${remark === null ? '' : ` ${remark}`}`)
  }
  if (unsent !== null) warn(log, `The control plane has not got all of this job: ${unsent}.`)
  if (state.report === 'artifact') await upload(folder)
  if (interrupted)
    missing(
      'The agent was killed, or a part of it ended, while the job ran. Its policy stayed enforced, but the record has a gap: see the job’s summary.',
      { failMode },
    )
  if (failOn === 'blocked' && blocked + attackBlocked > 0)
    fail(log, `${blocked + attackBlocked} acts were blocked (fail-on: blocked).`)
  if (failOn === 'detection' && findings.length > 0)
    fail(log, `There are ${findings.length} detections (fail-on: detection).`)
}

/** GitHub shows ten of each kind for a step. */
const mostAnnotations = 9

async function upload(folder: string): Promise<void> {
  try {
    const { name } = await uploadReport(folder, process.env, (secret) => log.mask(secret))
    log.line(`The report is the artifact ${name}.`)
  } catch (error) {
    warn(log, explain(error))
  }
}

function inShort({ id, severity, title, step }: Report['detections'][number]) {
  return { id, severity, title, step }
}

// The report of a job that is cancelled is written all the same. The runner does not wait long.
process.on('SIGINT', () => {})

await runStage(log, post, "The job's report could not be told")
