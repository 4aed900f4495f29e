import type { Migration } from './index.ts'

/** Known-bad destinations of organisations; without one (NULL): of the server, for all of them. */
export const blockList: Migration = {
  number: 31,
  name: 'block-list',
  sql: `
    CREATE TABLE block_entries (
      id TEXT PRIMARY KEY,
      organisation_id TEXT REFERENCES organisations ON DELETE CASCADE,
      kind TEXT NOT NULL CHECK (kind IN ('domains', 'wildcards', 'addresses')),
      -- Canonical, as packages/policy reads it.
      value TEXT NOT NULL,
      reason TEXT NOT NULL,
      reference TEXT,
      added_at INTEGER NOT NULL,
      expires_at INTEGER,
      added_by TEXT NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX block_entries_by_value ON block_entries (ifnull(organisation_id, ''), value);
    CREATE INDEX block_entries_by_organisation ON block_entries (organisation_id, id);

    CREATE TABLE block_feeds (
      id TEXT PRIMARY KEY,
      organisation_id TEXT REFERENCES organisations ON DELETE CASCADE,
      name TEXT NOT NULL,
      url TEXT NOT NULL,
      -- JSON: a checksum, or a key that signs.
      trust TEXT NOT NULL,
      every_ms INTEGER NOT NULL,
      created_by TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      -- The last try; why it came to nothing (NULL: it did not); the last that changed or confirmed the list.
      tried_at INTEGER,
      error TEXT,
      fetched_at INTEGER,
      -- What is in force: the list as it came, and its own word on its age.
      list TEXT,
      updated TEXT
    ) STRICT;
    CREATE UNIQUE INDEX block_feeds_by_name ON block_feeds (ifnull(organisation_id, ''), name);

    -- When entries or feeds changed last. Of the server: ''.
    CREATE TABLE block_list_changes (owner TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  `,
}
