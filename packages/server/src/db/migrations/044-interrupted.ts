import type { Migration } from './index.ts'

/** A job's summary says as its report does that an agent before the last one was killed. */
export const interrupted: Migration = {
  number: 44,
  name: 'interrupted',
  sql: 'ALTER TABLE jobs ADD COLUMN interrupted INTEGER NOT NULL DEFAULT 0',
}
