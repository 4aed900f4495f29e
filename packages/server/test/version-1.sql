-- The database of the first version, as its server left it (sqlite3 .dump).
PRAGMA foreign_keys = OFF;
BEGIN TRANSACTION;
CREATE TABLE api_keys (
      id TEXT PRIMARY KEY,
      hash BLOB NOT NULL UNIQUE,
      organisation_id TEXT NOT NULL REFERENCES organisations ON DELETE CASCADE,
      name TEXT NOT NULL,
      role TEXT NOT NULL CHECK (role IN ('admin', 'editor', 'viewer', 'agent')),
      -- Its first characters, by which a person knows it again.
      hint TEXT NOT NULL,
      created_by TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      expires_at INTEGER,
      last_used_at INTEGER
    ) STRICT;
INSERT INTO "api_keys" VALUES('0000000000000000000c',X'F8A7D340C76FE171ACD355F490CAFBBDE018E6D41773E72BE244AD2355D77D10','0000000000000000000a','of version 1','viewer','rwk_AAAA','user admin',1764270000000,NULL,NULL);
CREATE TABLE audit (
      id TEXT PRIMARY KEY,
      at INTEGER NOT NULL,
      organisation_id TEXT,
      actor TEXT NOT NULL,
      action TEXT NOT NULL,
      subject TEXT NOT NULL,
      detail TEXT NOT NULL,
      address TEXT
    ) STRICT;
INSERT INTO "audit" VALUES('0000000000000000000d',1764270000000,'0000000000000000000a','user admin','key.create','of version 1','{}','127.0.0.1');
CREATE TABLE job_tokens (
      hash BLOB PRIMARY KEY,
      job_id TEXT NOT NULL,
      organisation_id TEXT NOT NULL REFERENCES organisations ON DELETE CASCADE,
      expires_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
CREATE TABLE members (
      organisation_id TEXT NOT NULL REFERENCES organisations ON DELETE CASCADE,
      user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
      role TEXT NOT NULL CHECK (role IN ('admin', 'editor', 'viewer')),
      added_at INTEGER NOT NULL,
      PRIMARY KEY (organisation_id, user_id)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "members" VALUES('0000000000000000000a','0000000000000000000b','admin',1764270000000);
CREATE TABLE migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT;
INSERT INTO "migrations" VALUES(1,'identities',1764270000000);
CREATE TABLE organisations (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      created_at INTEGER NOT NULL
    ) STRICT;
INSERT INTO "organisations" VALUES('0000000000000000000a','first',1764270000000);
CREATE TABLE sessions (
      hash BLOB PRIMARY KEY,
      user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
      created_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
CREATE TABLE sign_in_links (
      hash BLOB PRIMARY KEY,
      user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
      expires_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
CREATE TABLE users (
      id TEXT PRIMARY KEY,
      -- Who vouches for them: 'local', or the issuer of the sign-in; and what they are called there, for good.
      issuer TEXT NOT NULL,
      subject TEXT NOT NULL,
      name TEXT NOT NULL,
      -- Administers the server itself, and so each of its organisations.
      operator INTEGER NOT NULL DEFAULT 0,
      created_at INTEGER NOT NULL,
      UNIQUE (issuer, subject)
    ) STRICT;
INSERT INTO "users" VALUES('0000000000000000000b','local','admin','admin',1,1764270000000);
CREATE INDEX members_by_user ON members (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
CREATE INDEX api_keys_by_organisation ON api_keys (organisation_id, id);
CREATE INDEX job_tokens_by_expiry ON job_tokens (expires_at);
CREATE INDEX audit_by_organisation ON audit (organisation_id, id);
COMMIT;
