import type { Migration } from './index.ts'

/** What agents say of the policies that they have put in force. Of the last one `job_modes` has the mode, until the report says it. */
export const policiesInForce: Migration = {
  number: 42,
  name: 'policies-in-force',
  sql: `
    CREATE TABLE job_policies (
      job_id TEXT NOT NULL REFERENCES jobs ON DELETE CASCADE,
      -- From 1, in the order in which they came.
      number INTEGER NOT NULL,
      -- By the clock of the job's machine.
      at INTEGER NOT NULL,
      egress TEXT NOT NULL,
      tier TEXT NOT NULL,
      -- What of the document does not hold for the job; NULL: all of it holds.
      otherwise TEXT,
      -- YAML, packed with zstd; NULL: it was too long.
      document BLOB,
      PRIMARY KEY (job_id, number)
    ) STRICT;
  `,
}
