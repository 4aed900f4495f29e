import { createHash } from 'node:crypto'
import type { Bus } from '../bus.ts'
import type { Database } from '../db/database.ts'
import { HttpError } from '../error.ts'
import type { Owner } from '../policies/owner.ts'
import { type Kind, kinds, listed, type Lists, merge, noLists, sizeOf } from './list.ts'

/** What holds for an owner's jobs: the JSON of docs/policy.md, and a name for exactly this content. */
export interface EffectiveList {
  version: string
  text: string
  entries: number
}

interface Kept extends EffectiveList {
  /** Of the entries, the first that will expire. */
  nextExpiry: number
}

/**
 * Bytes of what an owner's entries and feeds come to: of the server, and of an organisation beside it. An answer to a job's
 * start (5 MiB) holds both.
 */
const largest = (owner: Owner): number => (owner === null ? 2_600_000 : 900_000)

/** What is enforced: entries and feeds of the server, and of the organisation beside them, without what has expired. */
export class BlockLists {
  readonly #db: Database
  readonly #clock: () => number
  readonly #bus: Bus
  readonly #kept = new Map<Owner, Kept>()

  constructor(db: Database, clock: () => number, bus: Bus) {
    this.#db = db
    this.#clock = clock
    this.#bus = bus
  }

  /** The list of an organisation's jobs; null: the server's own, which everybody may read. */
  of(owner: Owner): EffectiveList {
    const now = this.#clock()
    const kept = this.#kept.get(owner)
    if (kept !== undefined && kept.nextExpiry > now) return kept
    const made = this.#make(owner, now)
    this.#kept.set(owner, made)
    return made
  }

  /**
   * Notes a change, in the transaction that makes it.
   * @throws HttpError (400, `too-many-entries`), and with the transaction nothing is changed
   */
  change(owner: Owner): void {
    const size = sizeOf(merge(this.#parts(owner), this.#clock()).lists)
    const most = largest(owner)
    if (size > most)
      throw new HttpError(
        400,
        'too-many-entries',
        `the list would take ${size} bytes; ${most} are the most, feeds included`,
      )
    this.#db.run(
      'INSERT INTO block_list_changes VALUES (?, ?) ON CONFLICT DO UPDATE SET at = max(at + 1, excluded.at)',
      owner ?? '',
      this.#clock(),
    )
  }

  /** Has everybody whom it concerns fetch the list again; after the transaction. */
  publish(owner: Owner): void {
    if (owner === null) this.#kept.clear()
    else this.#kept.delete(owner)
    this.#bus.emit('block-list', owner)
  }

  /** Publishes the lists of which an entry has expired since they were made. */
  publishExpired(): void {
    const now = this.#clock()
    const due = [...this.#kept].filter(([, { nextExpiry }]) => nextExpiry <= now)
    if (due.some(([owner]) => owner === null)) this.publish(null)
    else for (const [owner] of due) this.publish(owner)
  }

  #make(owner: Owner, now: number): Kept {
    const own = owner === null ? [] : this.#parts(owner)
    // Most organisations have none: they share one text.
    if (owner !== null && own.every((one) => kinds.every((kind) => one[kind].length === 0))) {
      this.of(null)
      const shared = this.#kept.get(null)
      if (shared !== undefined) return shared
    }
    const parts = [...this.#parts(null), ...own]
    const { lists, nextExpiry, lastExpiry } = merge(parts, now)
    const changed = this.#db.get<{ at: number | null }>(
      "SELECT max(at) AS at FROM block_list_changes WHERE owner IN ('', ?)",
      owner ?? '',
    )
    const updated = new Date(Math.max(changed?.at ?? 0, lastExpiry)).toISOString()
    const version = createHash('sha256').update(JSON.stringify(lists)).digest('hex').slice(0, 32)
    return {
      version,
      text: `${JSON.stringify({ version: 1, updated, ...lists })}\n`,
      entries: kinds.reduce((sum, kind) => sum + lists[kind].length, 0),
      nextExpiry,
    }
  }

  /** What an owner has of its own: entries first, since their reasons are the owner's words. */
  #parts(owner: Owner): Lists[] {
    const own = noLists()
    const entries = this.#db.all<{
      kind: Kind
      value: string
      reason: string
      reference: string | null
      added: number
      expires: number | null
    }>(
      `SELECT kind, value, reason, reference, added_at AS added, expires_at AS expires
       FROM block_entries WHERE organisation_id IS ? ORDER BY value`,
      owner,
    )
    for (const { kind, value, reason, reference, added, expires } of entries)
      own[kind].push(
        listed({
          value,
          reason,
          ...(reference === null ? {} : { reference }),
          added: new Date(added).toISOString(),
          ...(expires === null ? {} : { expires: new Date(expires).toISOString() }),
        }),
      )
    const feeds = this.#db.all<{ list: string }>(
      'SELECT list FROM block_feeds WHERE organisation_id IS ? AND list IS NOT NULL ORDER BY id',
      owner,
    )
    return [own, ...feeds.map(({ list }) => JSON.parse(list) as Lists)]
  }
}
