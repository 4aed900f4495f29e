import { parseBlockList, PolicyError, readAddress } from '@runwarden/policy'
import type { Database } from '../db/database.ts'
import { HttpError, notFound } from '../error.ts'
import { newId } from '../id.ts'
import type { Owner } from '../policies/owner.ts'
import { type Kind, kinds } from './list.ts'

export interface Entry {
  id: string
  kind: Kind
  value: string
  reason: string
  reference: string | null
  addedAt: number
  expiresAt: number | null
  addedBy: string
}

export interface NewEntry {
  value: string
  reason: string
  reference: string | null
  expiresAt: number | null
}

/** In the order of their ids; of a value, or of all. */
export function listEntries(
  db: Database,
  owner: Owner,
  { after, limit, value }: { after: string; limit: number; value: string | null },
): Entry[] {
  return db.all<Entry>(
    `SELECT id, kind, value, reason, reference, added_at AS addedAt, expires_at AS expiresAt, added_by AS addedBy
     FROM block_entries WHERE organisation_id IS ? AND id > ? AND value = ifnull(?, value) ORDER BY id LIMIT ?`,
    owner,
    after,
    value,
    limit,
  )
}

/**
 * Adds entries, or says something new of those that are there.
 * @returns their ids
 * @throws HttpError (400) that names the entry, the text in it and the nearest valid form
 */
export function addEntries(
  db: Database,
  owner: Owner,
  entries: readonly NewEntry[],
  { by, now }: { by: string; now: number },
): string[] {
  const read = entries.map((entry, index) => ({ ...entry, ...readValue(entry.value, index) }))
  return read.map(({ kind, value, reason, reference, expiresAt }) => {
    const added = db.get<{ id: string }>(
      `INSERT INTO block_entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (ifnull(organisation_id, ''), value) DO UPDATE
         SET reason = excluded.reason, reference = excluded.reference, expires_at = excluded.expires_at, added_by = excluded.added_by
       RETURNING id`,
      newId(),
      owner,
      kind,
      value,
      reason,
      reference,
      now,
      expiresAt,
      by,
    )
    return added?.id ?? ''
  })
}

/**
 * @returns what was listed
 * @throws HttpError (404)
 */
export function deleteEntry(
  db: Database,
  owner: Owner,
  id: string,
): { value: string; reason: string } {
  const gone = db.get<{ value: string; reason: string }>(
    'DELETE FROM block_entries WHERE organisation_id IS ? AND id = ? RETURNING value, reason',
    owner,
    id,
  )
  if (gone === undefined) throw notFound('entry')
  return gone
}

function readValue(given: string, index: number): { kind: Kind; value: string } {
  const kind = kindOf(given)
  try {
    const list = parseBlockList(
      JSON.stringify({ [kind]: [{ value: given, reason: '-' }] }),
      'entry',
    )
    const [found] = list[kind]
    return { kind, value: found?.value ?? given }
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    const { what, nearest, text } = error.problems[0] ?? { what: '', nearest: null, text: given }
    const at = `entries[${index}].value`
    throw new HttpError(400, 'bad-request', `body ${at}: ${what}`, [
      { in: 'body', at, problem: what, text, nearest },
    ])
  }
}

function kindOf(value: string): Kind {
  const isAddress = value.includes(':') || readAddress(value.split('/')[0] ?? '') !== null
  const [domains, wildcards, addresses] = kinds
  return isAddress ? addresses : value.includes('*') ? wildcards : domains
}
