import type { Migration } from './index.ts'

/** Policies hold for all jobs of a workflow, too. */
export const workflowPolicies: Migration = {
  number: 43,
  name: 'workflow-policies',
  sql: `
    CREATE TABLE attachments (
      id TEXT PRIMARY KEY,
      organisation_id TEXT REFERENCES organisations ON DELETE CASCADE,
      policy_id TEXT NOT NULL REFERENCES policies ON DELETE CASCADE,
      level TEXT NOT NULL CHECK (level IN ('job', 'workflow', 'repository', 'organisation', 'cluster')),
      -- In lower case; empty where the level has none.
      repository TEXT NOT NULL,
      workflow TEXT NOT NULL,
      job TEXT NOT NULL,
      created_by TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      CHECK ((level = 'cluster') = (organisation_id IS NULL))
    ) STRICT;
    INSERT INTO attachments SELECT * FROM policy_attachments;
    DROP TABLE policy_attachments;
    ALTER TABLE attachments RENAME TO policy_attachments;
    CREATE UNIQUE INDEX policy_attachments_by_target
      ON policy_attachments (ifnull(organisation_id, ''), level, repository, workflow, job);
    CREATE INDEX policy_attachments_by_policy ON policy_attachments (policy_id);
  `,
}
