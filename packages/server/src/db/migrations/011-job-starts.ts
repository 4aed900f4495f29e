import type { Migration } from './index.ts'

/** Starts of jobs, so that one that is asked for twice is one job. Each is needed for as long as a start is tried again. */
export const jobStarts: Migration = {
  number: 11,
  name: 'job-starts',
  sql: `
    CREATE TABLE job_starts (
      organisation_id TEXT NOT NULL REFERENCES organisations ON DELETE CASCADE,
      -- As the agent made it up.
      nonce TEXT NOT NULL,
      job_id TEXT NOT NULL REFERENCES jobs ON DELETE CASCADE,
      at INTEGER NOT NULL,
      PRIMARY KEY (organisation_id, nonce)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX job_starts_of ON job_starts (job_id);
    CREATE INDEX job_starts_at ON job_starts (at);
  `,
}
