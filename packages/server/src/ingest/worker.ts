/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origin */
/** The indexer's thread: from segments that were acknowledged to rows of the index, in the order of acknowledgement. */
import { parentPort, workerData } from 'node:worker_threads'
import { setTimeout } from 'node:timers/promises'
import { join } from 'node:path'
import { databaseName } from '../data-folder.ts'
import { Database } from '../db/database.ts'
import { IndexWriter } from './fold/write.ts'
import { FolderSegments } from './folder-segments.ts'
import { indexBatch, type Listed, moveTo, setAside } from './index-batch.ts'
import { isDamaged, isOfMachine, openIndex, removeIndex } from './index-schema.ts'
import type { IndexerAsk, IndexerTold } from './indexer-contract.ts'
import { removeJobs } from './remove-jobs.ts'

/** Segments of one transaction, at most, and what they unpack to: it takes some ten times that in memory. */
const batchSegments = 32
const batchBytes = 4 << 20
/** A full disk is asked again after that. */
const patienceMs = 1000
/**
 * So often the thread, or the server with it, may die while it is at a segment before that is set aside. Servers die of much else:
 * who was killed a few times at the same one has lost nothing.
 */
const mostDeaths = 10

const { data } = workerData as { data: string }
const port = parentPort
if (port === null) throw new Error('this is a thread of the server')
const tell = (told: IndexerTold): void => port.postMessage(told)

const main = new Database(join(data, databaseName), { readOnly: true })
const db = openSound()
const segments = new FolderSegments(data)
const writer = new IndexWriter(db)
/** How often what is next was begun: whoever did that has died of it. */
let deaths = db.get<{ attempts: number }>('SELECT attempts FROM state')?.attempts ?? 0
/** Told to go on, or to end, while it waits. */
let woken = Promise.withResolvers<void>()
const end = new AbortController()
port.on('message', (ask: IndexerAsk) => {
  if (ask === 'end') end.abort()
  woken.resolve()
})
tell({ kind: 'ready', position: positionNow() })
while (!end.signal.aborted) {
  try {
    const removed = removeJobs(db, main)
    if (removed.length > 0) {
      // Its words may be gone with them.
      writer.forget()
      tell({ kind: 'removed', jobIds: removed })
    }
    if (!(await step())) {
      await woken.promise
      woken = Promise.withResolvers()
    } else await setTimeout(0)
  } catch (error) {
    writer.forget()
    tell({ kind: 'failed', message: `tries again: ${(error as Error).message}` })
    // The server starts the thread again, which makes the index anew.
    if (isDamaged(error)) {
      removeIndex(data)
      break
    }
    await Promise.race([woken.promise, setTimeout(patienceMs)])
    woken = Promise.withResolvers()
  }
}
db.close()
main.close()
port.close()

/** The index; one that SQLite can't read is made anew. */
function openSound(): Database {
  try {
    return openIndex(data, main)
  } catch (error) {
    if (!isDamaged(error)) throw error
    tell({ kind: 'failed', message: `makes the index anew: ${(error as Error).message}` })
    removeIndex(data)
    return openIndex(data, main)
  }
}

/** The last segment that is indexed. */
function positionNow(): number {
  return db.get<{ position: number }>('SELECT position FROM state')?.position ?? 0
}

/** @returns whether there was anything to do */
async function step(): Promise<boolean> {
  // Of several it would not be known which one is deadly.
  const batch = await listed(positionNow(), deaths === 0 ? batchSegments : 1)
  const [first] = batch
  const last = batch.at(-1)
  if (first === undefined || last === undefined) return false
  if (deaths >= mostDeaths) giveUp(first, 'the indexer died of it')
  else indexAll(batch)
  deaths = 0
  tell({ kind: 'indexed', position: last.number })
  return true
}

function indexAll(batch: readonly Listed[]): void {
  db.run('UPDATE state SET attempts = ?', deaths + 1)
  try {
    indexBatch(db, writer, batch)
  } catch (error) {
    if (isOfMachine(error)) {
      db.run('UPDATE state SET attempts = ?', deaths)
      throw error
    }
    writer.forget()
    oneByOne(batch)
  }
}

/** Something of a batch can't be indexed, for a reason that nobody thought of: the rest is. */
function oneByOne(batch: readonly Listed[]): void {
  for (const segment of batch) {
    try {
      indexBatch(db, writer, [segment])
    } catch (error) {
      if (isOfMachine(error)) throw error
      writer.forget()
      giveUp(segment, (error as Error).message)
    }
  }
}

/** The next segment is in no index, and no other waits for it. */
function giveUp(segment: Listed, why: string): void {
  tell({ kind: 'failed', message: `sets segment ${segment.jobId}/${segment.seq} aside: ${why}` })
  db.transaction(() => {
    setAside(db, segment, `can't be indexed (${why})`)
    moveTo(db, segment.number)
  })
}

async function listed(position: number, most: number): Promise<Listed[]> {
  const rows = main.all<Omit<Listed, 'body'>>(
    `SELECT number, job_id AS jobId, organisation_id AS organisationId, seq, previous, hash, unpacked
     FROM segments JOIN jobs ON jobs.id = job_id WHERE number > ? ORDER BY number LIMIT ?`,
    position,
    most,
  )
  let bytes = 0
  const batch = rows.filter((row, i) => (bytes += row.unpacked) <= batchBytes || i === 0)
  return Promise.all(
    batch.map(async (row) => Object.assign(row, { body: await bodyOf(row.jobId, row.seq) })),
  )
}

function bodyOf(jobId: string, seq: number): Promise<Buffer | Error> {
  return segments.read(jobId, seq).catch((error: unknown) => error as Error)
}
