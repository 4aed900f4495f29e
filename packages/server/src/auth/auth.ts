import type { Database } from '../db/database.ts'
import { isDiskFull } from '../disk-full.ts'
import { newId } from '../id.ts'
import {
  actorIdOf,
  actorOf,
  isEnough,
  type Actor,
  type Identity,
  type KeyRole,
  type Organisation,
  type Role,
} from './rights.ts'
import { hashSecret, newSecret } from './secret.ts'

/** A session ends after that, whatever is done in it. */
export const sessionMs = 7 * 24 * 3_600_000
const linkMs = 24 * 3_600_000
const invitationMs = 7 * 24 * 3_600_000
/** GitHub ends a job after 6 hours on its own machines and 5 days on others; what is spooled may come later still. */
const jobTokenMs = 7 * 24 * 3_600_000
/** When a key was last used is written down this often at most. */
const usedEveryMs = 60_000

export interface Invitation {
  id: string
  organisationId: string
  name: string
  role: Role
}

export interface AuditEntry {
  /** null: of the server itself */
  organisationId: string | null
  /** `policy.save`, `key.create` */
  action: string
  /** What was changed: a name or an id. */
  subject: string
  /** What it was before and is now, as far as a person wants to know; no secrets. */
  detail?: Readonly<Record<string, unknown>>
  address?: string
}

/** Organisations, people, keys, sessions and tokens, and the record of what they changed. */
export class Auth {
  readonly #db: Database
  readonly #clock: () => number

  constructor(db: Database, clock: () => number) {
    this.#db = db
    this.#clock = clock
  }

  /** By its name, whatever its case. */
  organisationNamed(name: string): Organisation | undefined {
    return this.#db.get<Organisation>(
      'SELECT id, name FROM organisations WHERE name = ?',
      name.toLowerCase(),
    )
  }

  /** Adds an organisation, or finds the one of that name. */
  ensureOrganisation(name: string): Organisation {
    const lower = name.toLowerCase()
    this.#db.run(
      'INSERT INTO organisations (id, name, created_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
      newId(),
      lower,
      this.#clock(),
    )
    return this.organisationNamed(lower) as Organisation
  }

  /**
   * Whether an account of this number at GitHub is the organisation. The first that comes under its name is, from then on.
   */
  isOwner(organisationId: string, owner: string): boolean {
    const found = this.#db.get<{ owner: string | null }>(
      'SELECT owner_number AS owner FROM organisations WHERE id = ?',
      organisationId,
    )
    if (found?.owner !== null) return found?.owner === owner
    this.#db.run('UPDATE organisations SET owner_number = ? WHERE id = ?', owner, organisationId)
    return true
  }

  /** The next account that comes under its name is the organisation. */
  forgetOwner(organisationId: string): void {
    this.#db.run('UPDATE organisations SET owner_number = NULL WHERE id = ?', organisationId)
  }

  /** A person as an issuer knows them; under the name that they have there now. */
  ensureUser(issuer: string, subject: string, name: string, operator = false): string {
    this.#db.run(
      `INSERT INTO users VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (issuer, subject) DO UPDATE SET name = excluded.name`,
      newId(),
      issuer,
      subject,
      name,
      operator ? 1 : 0,
      this.#clock(),
    )
    const user = this.#db.get<{ id: string }>(
      'SELECT id FROM users WHERE issuer = ? AND subject = ?',
      issuer,
      subject,
    )
    return (user as { id: string }).id
  }

  userById(id: string): { id: string; name: string; operator: boolean } {
    const found = this.#db.get<{ name: string; operator: number }>(
      'SELECT name, operator FROM users WHERE id = ?',
      id,
    )
    if (found === undefined) throw new Error(`there is no user ${id}`)
    return { id, name: found.name, operator: found.operator === 1 }
  }

  roleOf(userId: string, organisationId: string): Role | undefined {
    return this.#db.get<{ role: Role }>(
      'SELECT role FROM members WHERE user_id = ? AND organisation_id = ?',
      userId,
      organisationId,
    )?.role
  }

  setMember(organisationId: string, userId: string, role: Role): void {
    this.#db.run(
      `INSERT INTO members VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET role = excluded.role`,
      organisationId,
      userId,
      role,
      this.#clock(),
    )
  }

  /** A secret that signs a person in once, within a day. */
  createSignInLink(userId: string): string {
    const secret = newSecret('rwl_')
    this.#db.run(
      'INSERT INTO sign_in_links VALUES (?, ?, ?)',
      hashSecret(secret),
      userId,
      this.#clock() + linkMs,
    )
    return secret
  }

  isSignInLink(secret: string): boolean {
    return (
      this.#db.get(
        'SELECT 1 FROM sign_in_links WHERE hash = ? AND expires_at > ?',
        hashSecret(secret),
        this.#clock(),
      ) !== undefined
    )
  }

  /** @returns whose link it was; it is none any more */
  useSignInLink(secret: string): string | undefined {
    return this.#db.get<{ user_id: string }>(
      'DELETE FROM sign_in_links WHERE hash = ? AND expires_at > ? RETURNING user_id',
      hashSecret(secret),
      this.#clock(),
    )?.user_id
  }

  /** @returns the secret of a link that makes whoever opens it first a member */
  createInvitation(
    organisationId: string,
    { name, role }: { name: string; role: Role },
    by: Identity,
  ): { id: string; secret: string; expiresAt: number } {
    const secret = newSecret('rwi_')
    const id = newId()
    const expiresAt = this.#clock() + invitationMs
    this.#db.run(
      'INSERT INTO invitations VALUES (?, ?, ?, ?, ?, ?, ?)',
      id,
      hashSecret(secret),
      organisationId,
      name,
      role,
      actorOf(by),
      expiresAt,
    )
    return { id, secret, expiresAt }
  }

  invitationBy(secret: string): Invitation | undefined {
    return this.#db.get<Invitation>(
      `SELECT id, organisation_id AS organisationId, name, role FROM invitations
       WHERE hash = ? AND expires_at > ?`,
      hashSecret(secret),
      this.#clock(),
    )
  }

  /** The invitation is none any more. Who has a higher role already keeps it. */
  acceptInvitation({ id, organisationId, role }: Invitation, userId: string): void {
    this.#db.run('DELETE FROM invitations WHERE id = ?', id)
    const has = this.roleOf(userId, organisationId)
    if (has === undefined || !isEnough(has, role)) this.setMember(organisationId, userId, role)
  }

  createSession(userId: string): string {
    const secret = newSecret('rws_')
    const now = this.#clock()
    this.#db.run(
      'INSERT INTO sessions VALUES (?, ?, ?, ?)',
      hashSecret(secret),
      userId,
      now,
      now + sessionMs,
    )
    return secret
  }

  endSession(secret: string): void {
    this.#db.run('DELETE FROM sessions WHERE hash = ?', hashSecret(secret))
  }

  bySession(secret: string): Identity | undefined {
    const found = this.#db.get<{ id: string; name: string; operator: number }>(
      `SELECT users.id, users.name, users.operator FROM sessions JOIN users ON users.id = user_id
       WHERE hash = ? AND expires_at > ?`,
      hashSecret(secret),
      this.#clock(),
    )
    return found && { ...found, kind: 'user', operator: found.operator === 1 }
  }

  /** @returns the key itself, which nobody can be shown again */
  createKey(key: {
    organisation: Organisation
    name: string
    role: KeyRole
    createdBy: string
    expiresAt: number | null
  }): { id: string; secret: string } {
    const secret = newSecret('rwk_')
    const id = newId()
    this.#db.run(
      'INSERT INTO api_keys VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)',
      id,
      hashSecret(secret),
      key.organisation.id,
      key.name,
      key.role,
      secret.slice(0, 8),
      key.createdBy,
      this.#clock(),
      key.expiresAt,
    )
    return { id, secret }
  }

  byKey(secret: string): Identity | undefined {
    const now = this.#clock()
    const found = this.#db.get<{
      id: string
      name: string
      role: KeyRole
      used: number | null
      organisation: string
      organisationName: string
    }>(
      `SELECT api_keys.id, api_keys.name, role, last_used_at AS used,
              organisations.id AS organisation, organisations.name AS organisationName
       FROM api_keys JOIN organisations ON organisations.id = organisation_id
       WHERE hash = ? AND (expires_at IS NULL OR expires_at > ?)`,
      hashSecret(secret),
      now,
    )
    if (found === undefined) return undefined
    if (found.used === null || now - found.used > usedEveryMs) this.#noteUse(found.id, now)
    const { id, name, role, organisation, organisationName } = found
    return {
      kind: 'key',
      id,
      name,
      role,
      organisation: { id: organisation, name: organisationName },
    }
  }

  #noteUse(keyId: string, now: number): void {
    try {
      this.#db.run('UPDATE api_keys SET last_used_at = ? WHERE id = ?', now, keyId)
    } catch (error) {
      // Who only reads is answered from a full disk, too.
      if (!isDiskFull(error)) throw error
    }
  }

  /**
   * A token for one job's later calls.
   * @param keyId the key that started the job: the token goes with it; null: none did
   */
  createJobToken(jobId: string, organisationId: string, keyId: string | null = null): string {
    const secret = newSecret('rwj_')
    this.#db.run(
      'INSERT INTO job_tokens VALUES (?, ?, ?, ?, ?)',
      hashSecret(secret),
      jobId,
      organisationId,
      this.#clock() + jobTokenMs,
      keyId,
    )
    return secret
  }

  byJobToken(secret: string): Identity | undefined {
    const found = this.#db.get<{ jobId: string; id: string; name: string }>(
      `SELECT job_id AS jobId, organisations.id, organisations.name
       FROM job_tokens JOIN organisations ON organisations.id = organisation_id
       WHERE hash = ? AND expires_at > ?`,
      hashSecret(secret),
      this.#clock(),
    )
    return (
      found && {
        kind: 'job',
        jobId: found.jobId,
        organisation: { id: found.id, name: found.name },
      }
    )
  }

  /** Writes down a change; in the transaction that makes it, so that neither is without the other. */
  audit(identity: Actor, entry: AuditEntry): void {
    this.#db.run(
      'INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
      newId(),
      this.#clock(),
      entry.organisationId,
      actorOf(identity),
      entry.action,
      entry.subject,
      JSON.stringify(entry.detail ?? {}),
      entry.address ?? null,
      actorIdOf(identity),
    )
  }
}
