import type { Migration } from './index.ts'

/** Names of owners change hands, their numbers do not: that of the account whose job came first. */
export const owners: Migration = {
  number: 3,
  name: 'owners',
  sql: 'ALTER TABLE organisations ADD COLUMN owner_number TEXT',
}
