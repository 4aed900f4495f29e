import { parseBlockList, PolicyError, readAddress } from '@runwarden/policy'
import type { Database } from '../db/database.ts'
import { HttpError, notFound, type Problem } from '../error.ts'
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
 * Adds entries. What another entry says of a value is replaced only where that is asked for, as it may be the stricter one; by
 * an entry with an id of its own, so that who removes what an older page shows does not remove what has come since.
 * @returns their ids, and what they replaced
 * @throws HttpError (400) that names the entry, the text in it and the nearest valid form; (409) that names what is listed
 */
export function addEntries(
  db: Database,
  owner: Owner,
  entries: readonly NewEntry[],
  { by, now, replace }: { by: string; now: number; replace: boolean },
): { ids: string[]; replaced: Entry[] } {
  const read = entries.map((entry, index) => ({ ...entry, ...readValue(entry.value, index) }))
  const replaced: Entry[] = []
  const problems: Problem[] = []
  const ids = read.map((entry, index) => {
    const { kind, value, reason, reference, expiresAt } = entry
    const [there] = listEntries(db, owner, { after: '', limit: 1, value })
    if (there !== undefined && saysTheSame(there, entry)) return there.id
    if (there !== undefined) {
      const holds = there.expiresAt === null || there.expiresAt > now
      if (holds && !replace) problems.push(alreadyListed(there, index))
      if (holds) replaced.push(there)
      deleteEntry(db, owner, there.id)
    }
    const id = newId()
    db.run(
      'INSERT INTO block_entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
      id,
      owner,
      kind,
      value,
      reason,
      reference,
      now,
      expiresAt,
      by,
    )
    return id
  })
  const [first] = problems
  if (first !== undefined)
    throw new HttpError(
      409,
      'already-listed',
      `${first.text} ${first.problem}`,
      problems.slice(0, 20),
    )
  return { ids, replaced }
}

const saysTheSame = (there: Entry, given: NewEntry): boolean =>
  there.reason === given.reason &&
  there.reference === given.reference &&
  there.expiresAt === given.expiresAt

function alreadyListed(
  { value, reason, reference, expiresAt, addedBy }: Entry,
  index: number,
): Problem {
  const until = expiresAt === null ? 'for good' : `until ${new Date(expiresAt).toISOString()}`
  const why = reference === null ? reason : `${reason} (${reference})`
  return {
    in: 'body',
    at: `entries[${index}].value`,
    problem: `is listed already, ${until}, by ${addedBy}: ${why}`,
    text: value,
  }
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
