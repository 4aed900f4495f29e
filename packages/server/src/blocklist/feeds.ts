import { parseBlockList, PolicyError } from '@runwarden/policy'
import type { Database } from '../db/database.ts'
import { HttpError, notFound } from '../error.ts'
import { newId } from '../id.ts'
import type { Owner } from '../policies/owner.ts'
import { kinds, listed, type Lists, noLists } from './list.ts'
import type { Trust } from './trust.ts'

export interface Feed {
  id: string
  owner: Owner
  name: string
  url: string
  trust: Trust
  everyMs: number
  createdBy: string
  createdAt: number
  triedAt: number | null
  /** Why the last try came to nothing: what was in force before still is. */
  error: string | null
  /** When what is in force was fetched, or confirmed. */
  fetchedAt: number | null
  /** The list's own word on its age. */
  updated: string | null
}

type Row = Omit<Feed, 'trust'> & { trust: string }
const columns = `id, organisation_id AS owner, name, url, trust, every_ms AS everyMs, created_by AS createdBy,
  created_at AS createdAt, tried_at AS triedAt, error, fetched_at AS fetchedAt, updated`
const feedOf = (row: Row): Feed => ({ ...row, trust: JSON.parse(row.trust) as Trust })

/** An owner follows so many at most. */
const most = 200

/** Feeds that an owner follows. */
export function listFeeds(db: Database, owner: Owner): Feed[] {
  return db
    .all<Row>(`SELECT ${columns} FROM block_feeds WHERE organisation_id IS ? ORDER BY id`, owner)
    .map(feedOf)
}

/** @throws HttpError (404) */
export function getFeed(db: Database, owner: Owner, id: string): Feed {
  const row = db.get<Row>(
    `SELECT ${columns} FROM block_feeds WHERE organisation_id IS ? AND id = ?`,
    owner,
    id,
  )
  if (row === undefined) throw notFound('feed')
  return feedOf(row)
}

/** All that are due: a failed one again after some minutes. */
export function dueFeeds(db: Database, now: number): Feed[] {
  return db
    .all<Row>(
      `SELECT ${columns} FROM block_feeds
       WHERE tried_at IS NULL OR tried_at + iif(error IS NULL, every_ms, min(every_ms, 300000)) <= ? ORDER BY tried_at`,
      now,
    )
    .map(feedOf)
}

/** @throws HttpError (409) */
export function addFeed(
  db: Database,
  owner: Owner,
  given: Pick<Feed, 'name' | 'url' | 'trust' | 'everyMs' | 'createdBy' | 'createdAt'>,
): string {
  const all = listFeeds(db, owner)
  if (all.some(({ name }) => name === given.name))
    throw new HttpError(409, 'exists', `there is a feed ${given.name}`)
  if (all.length >= most) throw new HttpError(409, 'too-many', `there are ${most} feeds, the most`)
  const id = newId()
  db.run(
    'INSERT INTO block_feeds VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, NULL, NULL, NULL)',
    id,
    owner,
    given.name,
    given.url,
    JSON.stringify(given.trust),
    given.everyMs,
    given.createdBy,
    given.createdAt,
  )
  return id
}

/** @throws HttpError (404) */
export function deleteFeed(db: Database, owner: Owner, id: string): Feed {
  const feed = getFeed(db, owner, id)
  db.run('DELETE FROM block_feeds WHERE organisation_id IS ? AND id = ?', owner, id)
  return feed
}

/**
 * Reads what a feed answered.
 * @throws PolicyError for what is no block list
 */
export function readFeed(
  body: Buffer,
  { name, url }: Feed,
): { lists: Lists; updated: string | null } {
  const text = new TextDecoder('utf-8', { fatal: false }).decode(body)
  const read = parseBlockList(text, name)
  const lists = noLists()
  for (const kind of kinds)
    for (const entry of read[kind]) lists[kind].push(listed({ reference: url, ...entry }))
  const { updated } = JSON.parse(text.replace(/^\ufeff/, '')) as { updated?: unknown }
  const isTime = typeof updated === 'string' && !Number.isNaN(Date.parse(updated))
  return { lists, updated: isTime ? updated : null }
}

/** As a person is told it. */
export function feedProblem(error: unknown): string {
  if (error instanceof PolicyError) return `it is no block list: ${error.message.slice(0, 1000)}`
  return (error as Error).message
}
