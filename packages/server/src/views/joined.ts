import type { Database } from '../db/database.ts'
import type { Indexer } from '../ingest/indexer.ts'
import { addReliance } from './job-state.ts'

/** What lists over many jobs read. */
export interface Databases {
  server: Database
  /** Both in one: `server.jobs` are the jobs, `main.jobs` what the index knows of them. */
  both: Database
}

const joined = new WeakSet<Database>()

export async function databases({
  db: server,
  ingest,
}: {
  db: Database
  ingest: { indexer: Indexer }
}): Promise<Databases> {
  const both = await ingest.indexer.index()
  if (!joined.has(both)) {
    both.run('ATTACH DATABASE ? AS server', server.path)
    both.exec('PRAGMA temp_store = MEMORY')
    addReliance(both)
    joined.add(both)
  }
  return { server, both }
}
