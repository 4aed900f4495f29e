import type { Migration } from './index.ts'

/** What lists and overviews ask of jobs. Not columns of `jobs`: they would stand behind the report, which may be long. */
export const overviews: Migration = {
  number: 40,
  name: 'overviews',
  sql: `
    CREATE TABLE job_modes (
      job_id TEXT PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
      -- 'audit' or 'block', as the agent says; NULL: not known yet.
      egress TEXT,
      -- Of the report: 'armed', 'unprotected' (fail-mode open let it run without), 'not-run'; NULL: it has not come.
      protection TEXT,
      -- JSON: level, name and version of each policy that the job was given at its start.
      policies TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX jobs_by_start ON jobs (organisation_id, started_at);
    CREATE INDEX detections_by_time ON detections (organisation_id, created_at, severity, suppressed, id);

    -- Whether what a job of a workflow reaches has settled, as of its last run that was compared.
    CREATE TABLE baseline_states (
      organisation_id TEXT NOT NULL REFERENCES organisations ON DELETE CASCADE,
      repository TEXT NOT NULL,
      workflow TEXT NOT NULL,
      job TEXT NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('stable', 'unstable')),
      runs INTEGER NOT NULL,
      settled_runs INTEGER NOT NULL,
      at INTEGER NOT NULL,
      PRIMARY KEY (organisation_id, repository, workflow, job)
    ) STRICT, WITHOUT ROWID;
  `,
}
