import type { Context } from './context.ts'

const dayMs = 24 * 3_600_000
const everyMs = 3_600_000
/** A start has other things to do. */
const firstMs = 60_000
/** A job that was heard of since then may still run, and is not deleted for its size. */
const runsMs = 3_600_000
/** Bytes that a job counts for: its segments, its report, what its agent has told, and its rows. */
const size = `(4096 + bytes + ifnull(length(report), 0) + (
  SELECT ifnull(sum(length(document)), 0) FROM job_policies WHERE job_id = jobs.id))`
/** Jobs of one look, so that a long list keeps nobody waiting. */
const atOnce = 500

type Needs = Pick<Context, 'config' | 'db' | 'ingest' | 'clock' | 'log'>

/** Deletes what is too old or too much, now and then, until it is disposed of. */
export function keepHouse(context: Needs): Disposable {
  let timer: NodeJS.Timeout | undefined
  let ended = false
  const look = async (): Promise<void> => {
    try {
      await cleanUp(context)
    } catch (error) {
      if (!ended) context.log.error({ err: error }, 'could not clean up')
    }
    if (!ended) soon(everyMs)
  }
  const soon = (ms: number): void => {
    timer = setTimeout(() => void look(), ms).unref()
  }
  soon(firstMs)
  return {
    [Symbol.dispose]() {
      ended = true
      clearTimeout(timer)
    },
  }
}

/** Jobs by age and by size, and what nobody can sign in with any more. */
export async function cleanUp(context: Needs): Promise<void> {
  const { db, clock, log } = context
  const now = clock()
  db.transaction(() => {
    for (const table of ['sessions', 'sign_in_links', 'invitations', 'job_tokens'])
      db.run(`DELETE FROM ${table} WHERE expires_at <= ?`, now)
  })
  const old = await removeAll(context, () => oldJobs(context, now))
  const large = await removeAll(context, () => jobsTooMany(context, now))
  if (old + large > 0) log.info({ old, large }, 'deleted jobs, by age and by size')
  await removeStrays(context)
}

async function removeAll({ ingest }: Needs, find: () => string[]): Promise<number> {
  let count = 0
  for (let found = find(); found.length > 0; found = find()) {
    for (const id of found) await ingest.remove(id)
    count += found.length
  }
  return count
}

/** Of which nothing came for that long. */
function oldJobs({ config, db }: Needs, now: number): string[] {
  if (config.retentionDays === 0) return []
  return db
    .all<{ id: string }>(
      'SELECT id FROM jobs WHERE heard_at < ? ORDER BY id LIMIT ?',
      now - config.retentionDays * dayMs,
      atOnce,
    )
    .map(({ id }) => id)
}

/**
 * The oldest of those organisations that have more than an equal share, the one that has most first, until all together have
 * little enough: what one organisation's jobs send takes nothing from another's. What the index takes is about as much again,
 * and goes with them.
 */
function jobsTooMany({ config, db }: Needs, now: number): string[] {
  if (config.retentionSize === 0) return []
  const owners = db.all<{ id: string; bytes: number }>(
    `SELECT organisation_id AS id, sum(${size}) AS bytes FROM jobs GROUP BY organisation_id ORDER BY bytes DESC`,
  )
  let over = owners.reduce((sum, { bytes }) => sum + bytes, 0) - config.retentionSize
  const share = config.retentionSize / owners.length
  const found: string[] = []
  for (const owner of owners) {
    const oldest = db.all<{ id: string; bytes: number }>(
      `SELECT id, ${size} AS bytes FROM jobs
       WHERE organisation_id = ? AND (finished_at IS NOT NULL OR heard_at < ?) ORDER BY id LIMIT ?`,
      owner.id,
      now - runsMs,
      atOnce - found.length,
    )
    let left = owner.bytes
    for (const { id, bytes } of oldest) {
      if (over <= 0 || left <= share) break
      found.push(id)
      over -= bytes
      left -= bytes
    }
  }
  return found
}

/** Segments of jobs that are no more: the server ended between the one and the other. */
async function removeStrays({ db, ingest }: Needs): Promise<void> {
  for (const id of await ingest.segments.jobs())
    if (db.get('SELECT 1 FROM jobs WHERE id = ?', id) === undefined)
      await ingest.segments.remove(id)
}
