import type { Severity } from '@runwarden/events'
import type { Database } from '../db/database.ts'
import { newId } from '../id.ts'

/** A detection as it is written down. `source` and `key` make it the one that it is: told twice it stands there once. */
export interface Finding {
  source: 'agent' | 'server'
  key: string
  rule: string
  severity: Severity
  title: string
  text: string
  time: number
  step: string | null
  execId: string | null
  evidence: readonly number[]
  suppressed: string | null
}

/** Of one job and rule, of the server's own: none can crowd out those of another. Its agent's are counted where they are indexed. */
const mostOfRule = 500

/** @returns whether it is new */
export function addFinding(db: Database, jobId: string, now: number, finding: Finding): boolean {
  return (
    db.run(
      `INSERT INTO detections
       SELECT ?, organisation_id, id, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM jobs
       WHERE id = ? AND (? = 'agent' OR (SELECT count(*) FROM detections WHERE job_id = jobs.id AND source = 'server' AND rule = ?) < ?)
       ON CONFLICT DO NOTHING`,
      newId(),
      finding.source,
      finding.key,
      finding.rule,
      finding.severity,
      finding.title,
      finding.text,
      finding.time,
      finding.step,
      finding.execId,
      JSON.stringify(finding.evidence),
      finding.suppressed,
      now,
      jobId,
      finding.source,
      finding.rule,
      mostOfRule,
    ) > 0
  )
}

/** The record of a job is not whole, or not what its agent sent before. */
export function tampered(key: string, title: string, text: string, time: number): Finding {
  return {
    source: 'server',
    key,
    rule: 'agent-tampered',
    severity: 'high',
    title,
    text,
    time,
    step: null,
    execId: null,
    evidence: [],
    suppressed: null,
  }
}
