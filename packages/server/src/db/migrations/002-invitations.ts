import type { Migration } from './index.ts'

/** Links that make whoever opens them a member. */
export const invitations: Migration = {
  number: 2,
  name: 'invitations',
  sql: `
    CREATE TABLE invitations (
      id TEXT PRIMARY KEY,
      hash BLOB NOT NULL UNIQUE,
      organisation_id TEXT NOT NULL REFERENCES organisations ON DELETE CASCADE,
      -- What the member is called, where the server has no sign-in of another to ask.
      name TEXT NOT NULL,
      role TEXT NOT NULL CHECK (role IN ('admin', 'editor', 'viewer')),
      created_by TEXT NOT NULL,
      expires_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX invitations_by_organisation ON invitations (organisation_id, id);
  `,
}
