import type { Migration } from './index.ts'

/** Which jobs are still to be held against those before them. */
export const baselines: Migration = {
  number: 33,
  name: 'baselines',
  sql: `
    CREATE TABLE jobs_to_compare (
      job_id TEXT PRIMARY KEY REFERENCES jobs ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;
    -- With the finish itself, whenever the server ends.
    CREATE TRIGGER compare_finished_job AFTER UPDATE OF finished_at ON jobs
    WHEN NEW.finished_at IS NOT NULL AND OLD.finished_at IS NULL
    BEGIN
      INSERT INTO jobs_to_compare VALUES (NEW.id) ON CONFLICT DO NOTHING;
    END;
    CREATE INDEX jobs_finished_by_repository ON jobs (organisation_id, repository COLLATE NOCASE, id)
      WHERE finished_at IS NOT NULL;
    CREATE INDEX jobs_finished ON jobs (organisation_id, id) WHERE finished_at IS NOT NULL;
  `,
}
