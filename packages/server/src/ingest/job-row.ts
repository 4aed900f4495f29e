import type { Database } from '../db/database.ts'

/** A job as the ingest needs it. */
export interface JobRow {
  id: string
  organisation_id: string
  repository: string | null
  run_id: string | null
  heard_at: number
  finished_at: number | null
  made_sequence: number
  last_sequence: number
  /** How many there are. */
  segments: number
  bytes: number
  silent_at: number | null
  armed: number | null
  final_sequence: number | null
  final_hash: Uint8Array | null
}

/** A token names its job, which may have been deleted since. */
export function jobRow(db: Database, id: string): JobRow | undefined {
  return db.get<JobRow>(
    `SELECT id, organisation_id, repository, run_id, heard_at, finished_at, made_sequence, last_sequence, segments, bytes,
            silent_at, armed, final_sequence, final_hash FROM jobs WHERE id = ?`,
    id,
  )
}

/** Where a person sees it; null: the job is none of GitHub's. */
export function insightsUrl(
  url: string,
  job: { repository: string | null; run_id: string | null },
): string | null {
  if (job.repository === null || job.run_id === null) return null
  return `${url}/github/${job.repository}/actions/runs/${encodeURIComponent(job.run_id)}`
}
