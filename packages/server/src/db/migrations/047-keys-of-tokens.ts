import type { Migration } from './index.ts'

/** A job's token goes with the key that it was got by; NULL: by the job's OIDC token, or before there was this. */
export const keysOfTokens: Migration = {
  number: 47,
  name: 'keys-of-tokens',
  sql: `
    ALTER TABLE job_tokens ADD COLUMN key_id TEXT REFERENCES api_keys ON DELETE CASCADE;
    CREATE INDEX job_tokens_by_key ON job_tokens (key_id);
  `,
}
