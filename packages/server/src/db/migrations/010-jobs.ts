import type { Migration } from './index.ts'

/** What agents report. What can be made again from segments is in a database of its own (src/ingest/index-schema.ts). */
export const jobs: Migration = {
  number: 10,
  name: 'jobs',
  sql: `
    CREATE TABLE jobs (
      id TEXT PRIMARY KEY,
      organisation_id TEXT NOT NULL REFERENCES organisations ON DELETE CASCADE,
      repository TEXT,
      workflow TEXT,
      workflow_ref TEXT,
      job TEXT,
      run_id TEXT,
      run_attempt TEXT,
      ref TEXT,
      sha TEXT,
      event TEXT,
      actor TEXT,
      runner_name TEXT,
      runner_os TEXT,
      runner_arch TEXT,
      runner_environment TEXT,
      -- GitHub says who it is; 0: whoever held an API key did.
      proven INTEGER NOT NULL,
      -- What its workflow asked for: 'name', 'store' or 'workflow', and which name.
      policy_from TEXT NOT NULL,
      policy_name TEXT,
      started_at INTEGER NOT NULL,
      -- Last time that its agent was heard of.
      heard_at INTEGER NOT NULL,
      finished_at INTEGER,
      exit_status INTEGER,
      -- Of the last heartbeat.
      tier TEXT,
      armed INTEGER,
      made_sequence INTEGER NOT NULL DEFAULT 0,
      events_lost TEXT NOT NULL DEFAULT '{}',
      -- Since when the server has missed its heartbeats; null: it hears them.
      silent_at INTEGER,
      -- Of what was acknowledged.
      segments INTEGER NOT NULL DEFAULT 0,
      last_sequence INTEGER NOT NULL DEFAULT 0,
      bytes INTEGER NOT NULL DEFAULT 0,
      -- The report, JSON packed with zstd; what finish said, so that the same may be said again.
      report BLOB,
      final_sequence INTEGER,
      final_hash BLOB
    ) STRICT;
    CREATE INDEX jobs_by_organisation ON jobs (organisation_id, id);
    CREATE INDEX jobs_by_repository ON jobs (organisation_id, repository, id);
    CREATE INDEX jobs_by_run ON jobs (organisation_id, run_id, id);
    CREATE INDEX jobs_unfinished ON jobs (heard_at) WHERE finished_at IS NULL;

    CREATE TABLE segments (
      -- In the order of acknowledgement, never used twice: the indexer's position is one of these.
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      job_id TEXT NOT NULL REFERENCES jobs ON DELETE CASCADE,
      seq INTEGER NOT NULL,
      previous BLOB NOT NULL,
      hash BLOB NOT NULL,
      bytes INTEGER NOT NULL,
      unpacked INTEGER NOT NULL,
      received_at INTEGER NOT NULL,
      UNIQUE (job_id, seq)
    ) STRICT;

    -- The job's own, and what the server found out about the job's record ('server').
    CREATE TABLE detections (
      id TEXT PRIMARY KEY,
      organisation_id TEXT NOT NULL REFERENCES organisations ON DELETE CASCADE,
      job_id TEXT NOT NULL REFERENCES jobs ON DELETE CASCADE,
      source TEXT NOT NULL CHECK (source IN ('agent', 'server')),
      -- What makes it this one: of an agent's the event's seq.
      key TEXT NOT NULL,
      rule TEXT NOT NULL,
      severity TEXT NOT NULL,
      title TEXT NOT NULL,
      text TEXT NOT NULL,
      -- Milliseconds since 1970, with a fraction.
      time REAL NOT NULL,
      step TEXT,
      exec_id TEXT,
      -- JSON: seq of events.
      evidence TEXT NOT NULL,
      -- The policy's suppression that says that it is expected.
      suppressed TEXT,
      created_at INTEGER NOT NULL,
      UNIQUE (job_id, source, key)
    ) STRICT;
    CREATE INDEX detections_by_organisation ON detections (organisation_id, id);
    CREATE INDEX detections_by_job ON detections (job_id, id);

    -- Deleted here, and not yet in the index.
    CREATE TABLE removed_jobs (id TEXT PRIMARY KEY) STRICT;

    CREATE TABLE ingest (
      only INTEGER PRIMARY KEY CHECK (only = 1),
      -- An index that was made for another database is made again.
      epoch TEXT NOT NULL,
      -- Which of the index's detections stand in 'detections'.
      detections_taken INTEGER NOT NULL
    ) STRICT;
    INSERT INTO ingest VALUES (1, lower(hex(randomblob(16))), 0);
  `,
}
