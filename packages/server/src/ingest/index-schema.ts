import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { Database } from '../db/database.ts'

/**
 * The index: what is found out of segments, and nothing that can't be found out again. It is a database of its own so that
 * its one writer, the indexer's thread, and the server's never wait for each other.
 */
export const indexPath = (data: string): string => join(data, 'index.sqlite')

/** Another number here makes every index again, from the segments. */
const version = 8

/** A job is a number here, an organisation too. Of bits and numbers: src/ingest/words.ts. */
const schema = `
  CREATE TABLE state (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    epoch TEXT NOT NULL,
    -- The last segment (segments.number of the server's database) whose rows are in here.
    position INTEGER NOT NULL,
    -- How often what is behind it was begun, and not brought to an end.
    attempts INTEGER NOT NULL,
    -- Of src/ingest/fold/keyed-hash.ts.
    hash_key BLOB NOT NULL
  ) STRICT;

  CREATE TABLE organisations (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE) STRICT;

  CREATE TABLE jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    organisation INTEGER NOT NULL,
    -- JSON, src/ingest/totals.ts
    totals TEXT NOT NULL,
    -- JSON: how many detections went to the server's database, by their room.
    told TEXT NOT NULL,
    -- JSON, src/ingest/fold/health.ts
    health TEXT NOT NULL,
    -- Of its acts by verdict: overviews add up those of thousands of jobs, and to read JSON for each took most of their time.
    allowed INTEGER NOT NULL GENERATED ALWAYS AS (coalesce(json_extract(totals, '$.byVerdict.allowed'), 0)) STORED,
    would_block INTEGER NOT NULL GENERATED ALWAYS AS (coalesce(json_extract(totals, '$.byVerdict."would-block"'), 0)) STORED,
    blocked INTEGER NOT NULL GENERATED ALWAYS AS (coalesce(json_extract(totals, '$.byVerdict.blocked'), 0)) STORED,
    attack_blocked INTEGER NOT NULL GENERATED ALWAYS AS (coalesce(json_extract(totals, '$.byVerdict."attack-blocked"'), 0)) STORED
  ) STRICT;

  -- Where which events are: a page of the timeline reads one or two files.
  CREATE TABLE segments (
    job INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    events INTEGER NOT NULL,
    kinds INTEGER NOT NULL,
    PRIMARY KEY (job, seq)
  ) STRICT, WITHOUT ROWID;

  -- Each host, address, program, hash and call that an organisation's jobs ever had to do with, and each folder of a file, once.
  CREATE TABLE terms (
    id INTEGER PRIMARY KEY,
    organisation INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    value TEXT NOT NULL,
    UNIQUE (organisation, kind, value)
  ) STRICT;
  CREATE TABLE facts (
    term INTEGER NOT NULL,
    job INTEGER NOT NULL,
    count INTEGER NOT NULL,
    first_time REAL NOT NULL,
    last_time REAL NOT NULL,
    verdicts INTEGER NOT NULL,
    PRIMARY KEY (term, job)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX facts_by_job ON facts (job);
  -- Files are many: by their folders. A batch of segments adds a part of what a job had to do with a folder; of its names
  -- (JSON) that of src/ingest/folder-names.ts.
  CREATE TABLE folders (
    term INTEGER NOT NULL,
    job INTEGER NOT NULL,
    part INTEGER NOT NULL,
    count INTEGER NOT NULL,
    first_time REAL NOT NULL,
    last_time REAL NOT NULL,
    names TEXT NOT NULL,
    PRIMARY KEY (term, job, part)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX folders_by_job ON folders (job);

  -- What a job did, folded: one row for each distinct destination, process …, in the order of first appearance.
  CREATE TABLE rows (
    job INTEGER NOT NULL,
    view INTEGER NOT NULL,
    n INTEGER NOT NULL,
    key BLOB NOT NULL,
    count INTEGER NOT NULL,
    first_seq INTEGER NOT NULL,
    first_time REAL NOT NULL,
    last_time REAL NOT NULL,
    verdict INTEGER NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (job, view, n)
  ) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX rows_by_key ON rows (job, view, key);
  -- Few are other than allowed, and those are asked for.
  CREATE INDEX rows_by_verdict ON rows (job, view, verdict, n) WHERE verdict > 1;

  -- The same of files: src/ingest/file-chunks.ts. Numbers go on from 'first'; of each row 8 bytes of 'keys' are its hash.
  CREATE TABLE files (
    job INTEGER NOT NULL,
    first INTEGER NOT NULL,
    keys BLOB NOT NULL,
    rows BLOB NOT NULL,
    PRIMARY KEY (job, first)
  ) STRICT;
  CREATE TABLE files_again (
    job INTEGER NOT NULL,
    n INTEGER NOT NULL,
    count INTEGER NOT NULL,
    first_seq INTEGER NOT NULL,
    first_time REAL NOT NULL,
    last_time REAL NOT NULL,
    programs TEXT NOT NULL,
    PRIMARY KEY (job, n)
  ) STRICT, WITHOUT ROWID;

  -- What each process did, and whose child it is; n is that of its row, NULL where it has none.
  CREATE TABLE processes (
    job INTEGER NOT NULL,
    exec_id TEXT NOT NULL,
    n INTEGER,
    parent TEXT,
    connections INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    files INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    PRIMARY KEY (job, exec_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX processes_by_parent ON processes (job, parent, n) WHERE n IS NOT NULL;

  -- Requests whose response has not come.
  CREATE TABLE requests (
    job INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (job, seq)
  ) STRICT, WITHOUT ROWID;

  -- On their way to the server's database, which counts what it has taken.
  CREATE TABLE detections (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id TEXT NOT NULL,
    -- JSON, src/ingest/findings.ts
    data TEXT NOT NULL
  ) STRICT;
  CREATE INDEX detections_by_job ON detections (job_id);
`

/** Opens the index to write in it; one that is not of this database, or of another version, is emptied first. */
export function openIndex(data: string, main: Database): Database {
  const db = new Database(indexPath(data))
  try {
    return prepared(db, main)
  } catch (error) {
    db.close()
    throw error
  }
}

function prepared(db: Database, main: Database): Database {
  // What a power failure takes is indexed again: the position goes with it.
  db.exec('PRAGMA synchronous = NORMAL; PRAGMA cache_size = -32768; PRAGMA temp_store = MEMORY')
  // Pages are written to their places once for many transactions (64 MiB of log): three times as fast as by default.
  db.exec('PRAGMA wal_autocheckpoint = 16384')
  const { epoch, taken } = main.get<{ epoch: string; taken: number }>(
    'SELECT epoch, detections_taken AS taken FROM ingest',
  ) ?? { epoch: '', taken: 0 }
  // Of all that there ever were: those of deleted jobs, too.
  const last =
    main.get<{ seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = 'segments'")?.seq ?? 0
  if (isOurs(db, epoch, last)) return db
  db.transaction(() => {
    // Its tables only: SQLite's own go with them.
    const tables = db.all<{ name: string }>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    )
    for (const { name } of tables) db.exec(`DROP TABLE "${name}"`)
    db.exec(schema)
    db.run('INSERT INTO state VALUES (1, ?, 0, 0, randomblob(8))', epoch)
    // What is found again comes behind what was taken: it is offered again, and known.
    db.run("INSERT INTO sqlite_sequence (name, seq) VALUES ('detections', ?)", taken)
    db.exec(`PRAGMA user_version = ${version}`)
  })
  return db
}

const is = (error: unknown, codes: readonly number[]): boolean =>
  codes.includes(((error as { errcode?: number }).errcode ?? 0) & 0xff)

/** SQLITE_CORRUPT, SQLITE_NOTADB. */
export const isDamaged = (error: unknown): boolean => is(error, [11, 26])

/**
 * What is no fault of what is read or written, and may be over later: SQLITE_BUSY, LOCKED, NOMEM, READONLY, IOERR, CORRUPT, FULL,
 * CANTOPEN, PROTOCOL, NOTADB; or the database was closed meanwhile. All others (CONSTRAINT, TOOBIG, MISMATCH …) come again with the
 * same data.
 */
export const isOfMachine = (error: unknown): boolean =>
  is(error, [5, 6, 7, 8, 10, 11, 13, 14, 15, 26]) ||
  (error as { code?: unknown }).code === 'ERR_INVALID_STATE'

/** Nothing is lost: it is made again from the segments. */
export function removeIndex(data: string): void {
  for (const end of ['', '-wal', '-shm']) rmSync(indexPath(data) + end, { force: true })
}

function isOurs(db: Database, epoch: string, last: number): boolean {
  if (db.get<{ user_version: number }>('PRAGMA user_version')?.user_version !== version)
    return false
  const state = db.get<{ epoch: string; position: number }>('SELECT epoch, position FROM state')
  // After the server's database was restored from an older copy its numbers begin again.
  return state?.epoch === epoch && state.position <= last
}
