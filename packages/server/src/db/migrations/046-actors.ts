import type { Migration } from './index.ts'

/** Who changed something is told apart from namesakes; NULL: it was written down before, or nobody has one. */
export const actors: Migration = {
  number: 46,
  name: 'actors',
  sql: 'ALTER TABLE audit ADD COLUMN actor_id TEXT',
}
