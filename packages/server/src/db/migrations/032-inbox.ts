import type { Migration } from './index.ts'

/** What people make of detections. */
export const inbox: Migration = {
  number: 32,
  name: 'inbox',
  sql: `
    -- Each detection, once the server has looked what it is about.
    CREATE TABLE inbox (
      detection_id TEXT PRIMARY KEY REFERENCES detections ON DELETE CASCADE,
      organisation_id TEXT NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('open', 'acknowledged', 'suppressed', 'resolved')),
      -- JSON: hosts, addresses, files … of each of its events.
      about TEXT NOT NULL,
      -- By which it is suppressed; NULL: by none here.
      suppression_id TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX inbox_by_state ON inbox (organisation_id, state, detection_id);
    CREATE INDEX inbox_by_suppression ON inbox (suppression_id) WHERE suppression_id IS NOT NULL;

    -- Who changed what a detection's state is, when, and why.
    CREATE TABLE inbox_trace (
      id TEXT PRIMARY KEY,
      organisation_id TEXT NOT NULL,
      detection_id TEXT NOT NULL REFERENCES detections ON DELETE CASCADE,
      at INTEGER NOT NULL,
      actor TEXT NOT NULL,
      state TEXT NOT NULL,
      note TEXT NOT NULL,
      suppression_id TEXT
    ) STRICT;
    CREATE INDEX inbox_trace_by_detection ON inbox_trace (detection_id, id);

    CREATE TABLE suppressions (
      id TEXT PRIMARY KEY,
      organisation_id TEXT NOT NULL REFERENCES organisations ON DELETE CASCADE,
      -- JSON: pattern by key.
      match TEXT NOT NULL,
      reason TEXT NOT NULL,
      created_by TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      expires_at INTEGER,
      -- It stays, for the traces that name it.
      deleted_at INTEGER
    ) STRICT;
    CREATE INDEX suppressions_by_organisation ON suppressions (organisation_id, id);

    -- The last detection that was looked at.
    CREATE TABLE inbox_position (only INTEGER PRIMARY KEY CHECK (only = 1), id TEXT NOT NULL) STRICT;
    INSERT INTO inbox_position VALUES (1, '');
  `,
}
