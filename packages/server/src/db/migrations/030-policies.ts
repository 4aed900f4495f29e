import type { Migration } from './index.ts'

/** Policies of organisations; without one (NULL): of the server, for all of them. */
export const policies: Migration = {
  number: 30,
  name: 'policies',
  sql: `
    CREATE TABLE policies (
      id TEXT PRIMARY KEY,
      organisation_id TEXT REFERENCES organisations ON DELETE CASCADE,
      name TEXT NOT NULL,
      -- Number of its newest version. A policy that is saved again after it was deleted goes on from there.
      latest INTEGER NOT NULL,
      deleted_at INTEGER
    ) STRICT;
    CREATE UNIQUE INDEX policies_by_name ON policies (ifnull(organisation_id, ''), name);
    CREATE INDEX policies_by_organisation ON policies (organisation_id, id);

    -- Never changed: each save is another version.
    CREATE TABLE policy_versions (
      policy_id TEXT NOT NULL REFERENCES policies ON DELETE CASCADE,
      version INTEGER NOT NULL,
      text TEXT NOT NULL,
      author TEXT NOT NULL,
      reason TEXT NOT NULL,
      -- What it was made from; NULL: it was written.
      origin TEXT,
      created_at INTEGER NOT NULL,
      PRIMARY KEY (policy_id, version)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE policy_attachments (
      id TEXT PRIMARY KEY,
      organisation_id TEXT REFERENCES organisations ON DELETE CASCADE,
      policy_id TEXT NOT NULL REFERENCES policies ON DELETE CASCADE,
      level TEXT NOT NULL CHECK (level IN ('job', 'repository', 'organisation', 'cluster')),
      -- In lower case; empty where the level has none.
      repository TEXT NOT NULL,
      workflow TEXT NOT NULL,
      job TEXT NOT NULL,
      created_by TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      CHECK ((level = 'cluster') = (organisation_id IS NULL))
    ) STRICT;
    CREATE UNIQUE INDEX policy_attachments_by_target
      ON policy_attachments (ifnull(organisation_id, ''), level, repository, workflow, job);
    CREATE INDEX policy_attachments_by_policy ON policy_attachments (policy_id);
  `,
}
