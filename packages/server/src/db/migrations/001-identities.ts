import type { Migration } from './index.ts'

/** Times are milliseconds since 1970; secrets are kept as SHA-256 (src/auth/secret.ts). */
export const identities: Migration = {
  number: 1,
  name: 'identities',
  sql: `
    -- One for each owner of repositories, by that name, in lower case.
    CREATE TABLE organisations (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      created_at INTEGER NOT NULL
    ) STRICT;

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

    CREATE TABLE members (
      organisation_id TEXT NOT NULL REFERENCES organisations ON DELETE CASCADE,
      user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
      role TEXT NOT NULL CHECK (role IN ('admin', 'editor', 'viewer')),
      added_at INTEGER NOT NULL,
      PRIMARY KEY (organisation_id, user_id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX members_by_user ON members (user_id);

    CREATE TABLE sessions (
      hash BLOB PRIMARY KEY,
      user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
      created_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX sessions_by_expiry ON sessions (expires_at);

    -- One-time links: for the administrator at first, and for invited members.
    CREATE TABLE sign_in_links (
      hash BLOB PRIMARY KEY,
      user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
      expires_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

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
    CREATE INDEX api_keys_by_organisation ON api_keys (organisation_id, id);

    CREATE TABLE job_tokens (
      hash BLOB PRIMARY KEY,
      job_id TEXT NOT NULL,
      organisation_id TEXT NOT NULL REFERENCES organisations ON DELETE CASCADE,
      expires_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX job_tokens_by_expiry ON job_tokens (expires_at);

    -- Of every change by a person or a key. Without an organisation: of the server itself.
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
    CREATE INDEX audit_by_organisation ON audit (organisation_id, id);
  `,
}
