import type { Database } from '../db/database.ts'
import { HttpError, notFound } from '../error.ts'
import { newId } from '../id.ts'
import type { Match } from './subject.ts'

/** Each is tried on each detection. */
const most = 1000

export interface Suppression {
  id: string
  match: Record<string, string>
  reason: string
  createdBy: string
  createdAt: number
  expiresAt: number | null
  /** How many detections it suppresses now. */
  detections: number
}

type Row = Omit<Suppression, 'match'> & { match: string }

/** In the order of their ids, also those that have expired. */
export const listSuppressions = (
  db: Database,
  organisationId: string,
  after: string,
  limit: number,
): Suppression[] =>
  db
    .all<Row>(
      `SELECT id, match, reason, created_by AS createdBy, created_at AS createdAt, expires_at AS expiresAt,
              (SELECT count(*) FROM inbox WHERE suppression_id = suppressions.id) AS detections
       FROM suppressions WHERE organisation_id = ? AND deleted_at IS NULL AND id > ? ORDER BY id LIMIT ?`,
      organisationId,
      after,
      limit,
    )
    .map((row) => Object.assign(row, { match: JSON.parse(row.match) as Record<string, string> }))

interface Said {
  match: Match
  reason: string
  expiresAt: number | null
}

/** The id of one that says just this: what is sent twice is one. */
export const findSuppression = (
  db: Database,
  organisationId: string,
  { match, reason, expiresAt }: Said,
): string | undefined =>
  db.get<{ id: string }>(
    `SELECT id FROM suppressions
     WHERE organisation_id = ? AND deleted_at IS NULL AND match = ? AND reason = ? AND expires_at IS ?`,
    organisationId,
    JSON.stringify(match),
    reason,
    expiresAt,
  )?.id

/**
 * @returns its id
 * @throws HttpError (409) where there are too many
 */
export function addSuppression(
  db: Database,
  organisationId: string,
  given: Said & { by: string; now: number },
): string {
  const there = db.get<{ many: number }>(
    'SELECT count(*) AS many FROM suppressions WHERE organisation_id = ? AND deleted_at IS NULL',
    organisationId,
  )
  if ((there?.many ?? 0) >= most)
    throw new HttpError(409, 'too-many', `there are ${most} suppressions, the most`)
  const id = newId()
  db.run(
    'INSERT INTO suppressions VALUES (?, ?, ?, ?, ?, ?, ?, NULL)',
    id,
    organisationId,
    JSON.stringify(given.match),
    given.reason,
    given.by,
    given.now,
    given.expiresAt,
  )
  return id
}

/**
 * @returns what it was
 * @throws HttpError (404)
 */
export function deleteSuppression(
  db: Database,
  organisationId: string,
  id: string,
  now: number,
): { match: Match; reason: string } {
  const gone = db.get<{ match: string; reason: string }>(
    `UPDATE suppressions SET deleted_at = ? WHERE organisation_id = ? AND id = ? AND deleted_at IS NULL
     RETURNING match, reason`,
    now,
    organisationId,
    id,
  )
  if (gone === undefined) throw notFound('suppression')
  return { match: JSON.parse(gone.match) as Match, reason: gone.reason }
}
