import type { Database } from '../db/database.ts'
import type { State } from './inbox.ts'
import type { Subject } from './subject.ts'

export interface InboxItem {
  id: string
  /** The detection's id of docs/rules.md. */
  detection: string
  severity: string
  title: string
  text: string
  time: number
  step: string | null
  source: 'agent' | 'server'
  state: State
  evidence: number[]
  about: Subject[]
  suppression: string | null
  job: {
    id: string
    repository: string | null
    workflow: string | null
    job: string | null
    runId: string | null
    runAttempt: string | null
  }
}

export interface Filter {
  state: State | null
  detection: string | null
  severity: string | null
  repository: string | null
  jobId: string | null
  /** By which it is suppressed. */
  suppression: string | null
  /** Told since then, milliseconds since 1970. */
  from: number | null
}

interface Row extends Omit<InboxItem, 'evidence' | 'about' | 'job'>, Omit<InboxItem['job'], 'id'> {
  /** JSON. */
  evidence: string
  about: string
  jobId: string
}

const select = `SELECT detections.id, rule AS detection, severity, title, text, time, step, source, state, evidence, about,
    suppression_id AS suppression, jobs.id AS jobId, repository, workflow, job, run_id AS runId, run_attempt AS runAttempt
  FROM inbox CROSS JOIN detections ON detections.id = inbox.detection_id JOIN jobs ON jobs.id = detections.job_id
  WHERE inbox.organisation_id = ?`

/** Characters of a page's texts. */
const largestPage = 4 << 20

/** The newest first, from below an id. */
export function listInbox(
  db: Database,
  organisationId: string,
  filter: Filter,
  { before, limit }: { before: string; limit: number },
): { items: InboxItem[]; next: string | null } {
  const conditions: [string, string | number | null][] = [
    ['state = ?', filter.state],
    ['rule = ?', filter.detection],
    ['severity = ?', filter.severity],
    ['lower(repository) = lower(?)', filter.repository],
    ['detections.job_id = ?', filter.jobId],
    ['suppression_id = ?', filter.suppression],
    ['detections.created_at >= ?', filter.from],
  ]
  const asked = conditions.filter((one): one is [string, string | number] => one[1] !== null)
  const rows = db.iterate<Row>(
    `${select} AND detection_id < ? ${asked.map(([sql]) => `AND ${sql}`).join(' ')} ORDER BY detection_id DESC LIMIT ?`,
    organisationId,
    before,
    ...asked.map(([, value]) => value),
    limit + 1,
  )
  const items: InboxItem[] = []
  let length = 0
  for (const row of rows) {
    length += row.about.length + row.text.length + row.evidence.length
    if (items.length === limit || (length > largestPage && items.length > 0))
      return { items, next: items.at(-1)?.id ?? null }
    items.push(itemOf(row))
  }
  return { items, next: null }
}

export function findInInbox(
  db: Database,
  organisationId: string,
  id: string,
): InboxItem | undefined {
  const row = db.get<Row>(`${select} AND detection_id = ?`, organisationId, id)
  return row && itemOf(row)
}

function itemOf(row: Row): InboxItem {
  const { jobId, repository, workflow, job, runId, runAttempt, evidence, about, ...item } = row
  return {
    ...item,
    evidence: JSON.parse(evidence) as number[],
    about: JSON.parse(about) as Subject[],
    job: { id: jobId, repository, workflow, job, runId, runAttempt },
  }
}

export interface Trace {
  at: number
  actor: string
  state: State
  note: string
  suppression: string | null
}

/** How a detection came to its state, the first first. */
export const traceOf = (db: Database, organisationId: string, id: string): Trace[] =>
  db.all<Trace>(
    `SELECT at, actor, state, note, suppression_id AS suppression FROM inbox_trace
     WHERE organisation_id = ? AND detection_id = ? ORDER BY id LIMIT 500`,
    organisationId,
    id,
  )
