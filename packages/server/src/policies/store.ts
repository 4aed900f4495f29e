import type { Database } from '../db/database.ts'
import { HttpError, notFound } from '../error.ts'
import { newId } from '../id.ts'
import type { Owner } from './owner.ts'

/** One version of a policy; versions are never changed. */
export interface PolicyVersion {
  name: string
  /** From 1. */
  version: number
  text: string
  author: string
  reason: string
  /** What it was made from, `job …` or `baseline …`; null: it was written. */
  origin: string | null
  createdAt: number
}

export interface PolicyHead {
  id: string
  name: string
  version: number
  author: string
  reason: string
  createdAt: number
  /** How many places it is attached to. */
  attachments: number
}

const columns =
  'name, version, text, author, reason, origin, policy_versions.created_at AS createdAt'

/** Named policies with all of their versions. */
export class PolicyStore {
  readonly #db: Database
  readonly #clock: () => number

  constructor(db: Database, clock: () => number) {
    this.#db = db
    this.#clock = clock
  }

  /** The newest version of each, in the order of their ids. */
  list(owner: Owner, after: string, limit: number): PolicyHead[] {
    return this.#db.all<PolicyHead>(
      `SELECT id, name, version, author, reason, policy_versions.created_at AS createdAt,
              (SELECT count(*) FROM policy_attachments WHERE policy_id = policies.id) AS attachments
       FROM policies JOIN policy_versions ON policy_id = id AND version = latest
       WHERE organisation_id IS ? AND deleted_at IS NULL AND id > ? ORDER BY id LIMIT ?`,
      owner,
      after,
      limit,
    )
  }

  /**
   * @param version null: the newest
   * @throws HttpError (404)
   */
  get(owner: Owner, name: string, version: number | null = null): PolicyVersion {
    const found = this.find(owner, name, version)
    if (found === undefined)
      throw notFound(version === null ? `policy as ${name}` : `version ${version} of ${name}`)
    return found
  }

  find(owner: Owner, name: string, version: number | null = null): PolicyVersion | undefined {
    return this.#db.get<PolicyVersion>(
      `SELECT ${columns} FROM policies JOIN policy_versions ON policy_id = id
       WHERE organisation_id IS ? AND name = ? AND deleted_at IS NULL AND version = ifnull(?, latest)`,
      owner,
      name,
      version,
    )
  }

  /** Newest first, from below a number. */
  versions(owner: Owner, name: string, below: number, limit: number): PolicyVersion[] {
    this.get(owner, name)
    return this.#db.all<PolicyVersion>(
      `SELECT ${columns} FROM policies JOIN policy_versions ON policy_id = id
       WHERE organisation_id IS ? AND name = ? AND version < ? ORDER BY version DESC LIMIT ?`,
      owner,
      name,
      below,
      limit,
    )
  }

  /** Of a version that is there, of a policy that may be deleted. */
  textOf(owner: Owner, name: string, version: number): string {
    return (
      this.#db.get<{ text: string }>(
        `SELECT text FROM policies JOIN policy_versions ON policy_id = id
         WHERE organisation_id IS ? AND name = ? AND version = ?`,
        owner,
        name,
        version,
      )?.text ?? ''
    )
  }

  /**
   * Adds a version, and the policy where it is new. The text was checked.
   * @param basedOn the version that the author saw, 0: none; null: whatever there is
   * @throws HttpError (409) where somebody else has saved meanwhile
   */
  save(
    owner: Owner,
    given: {
      name: string
      text: string
      author: string
      reason: string
      origin: string | null
      basedOn: number | null
    },
  ): PolicyVersion {
    const { basedOn, ...saved } = given
    const known = this.#db.get<{ id: string; latest: number; deleted: number | null }>(
      'SELECT id, latest, deleted_at AS deleted FROM policies WHERE organisation_id IS ? AND name = ?',
      owner,
      saved.name,
    )
    const seen = known === undefined || known.deleted !== null ? 0 : known.latest
    if (basedOn !== null && basedOn !== seen) {
      throw new HttpError(
        409,
        'changed-meanwhile',
        seen === 0
          ? `there is no policy ${saved.name} any more; yours is based on version ${basedOn}`
          : `${saved.name} is at version ${seen} now; yours is based on version ${basedOn}`,
      )
    }
    const id = known?.id ?? newId()
    const version = (known?.latest ?? 0) + 1
    const createdAt = this.#clock()
    this.#db.run(
      `INSERT INTO policies VALUES (?, ?, ?, ?, NULL)
       ON CONFLICT (id) DO UPDATE SET latest = excluded.latest, deleted_at = NULL`,
      id,
      owner,
      saved.name,
      version,
    )
    this.#db.run(
      'INSERT INTO policy_versions VALUES (?, ?, ?, ?, ?, ?, ?)',
      id,
      version,
      saved.text,
      saved.author,
      saved.reason,
      saved.origin,
      createdAt,
    )
    return { ...saved, version, createdAt }
  }

  /** @throws HttpError (404; 409 while it is attached: jobs would lose it without a word) */
  delete(owner: Owner, name: string): void {
    this.get(owner, name)
    const attached = this.#db.get<{ many: number }>(
      `SELECT count(*) AS many FROM policy_attachments JOIN policies ON policies.id = policy_id
       WHERE policies.organisation_id IS ? AND name = ?`,
      owner,
      name,
    )
    if (attached !== undefined && attached.many > 0)
      throw new HttpError(
        409,
        'attached',
        `${name} is attached in ${attached.many} places: take it from there first`,
      )
    this.#db.run(
      'UPDATE policies SET deleted_at = ? WHERE organisation_id IS ? AND name = ?',
      this.#clock(),
      owner,
      name,
    )
  }
}
