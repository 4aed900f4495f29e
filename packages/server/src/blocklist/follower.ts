import type { Context } from '../context.ts'
import { HttpError } from '../error.ts'
import { PolicyError } from '@runwarden/policy'
import { keepLooking } from '../looking.ts'
import type { Owner } from '../policies/owner.ts'
import { dueFeeds, type Feed, feedProblem, readFeed } from './feeds.ts'
import { fetchOutside, OutsideError } from './outside.ts'
import { kinds } from './list.ts'
import { distrust, signatureUrl } from './trust.ts'

/** Bytes of a feed. */
const largestFeed = 2_500_000
const largestSignature = 1000

/** Follows feeds. A bad one changes nothing: what was in force stays so, and its owner is told why. */
export class Follower {
  readonly #context: Context
  /** By feed; one is never fetched twice at once. */
  readonly #going = new Map<string, Promise<void>>()
  readonly #busy = new Set<Owner>()

  constructor(context: Context) {
    this.#context = context
  }

  /** Goes on until the server ends. */
  start(): void {
    keepLooking(this.#context, () => this.look(), 'feeds cannot be looked at')
  }

  /** Publishes lists of which something has expired, and begins to fetch what is due: of each owner one after the other. */
  async look(): Promise<void> {
    const { db, clock, blockLists } = this.#context
    blockLists.publishExpired()
    const due = Map.groupBy(dueFeeds(db, clock()), ({ owner }) => owner)
    // A slow feed of one owner keeps no other waiting.
    await Promise.all(
      [...due].map(async ([owner, feeds]) => {
        if (this.#busy.has(owner)) return
        this.#busy.add(owner)
        try {
          for (const feed of feeds) if (!this.#context.closing.aborted) await this.refresh(feed)
        } finally {
          this.#busy.delete(owner)
        }
      }),
    )
  }

  /** Fetches a feed now. What comes of it stands with the feed. */
  async refresh(feed: Feed): Promise<void> {
    let going = this.#going.get(feed.id)
    if (going === undefined) {
      going = this.#refresh(feed).finally(() => this.#going.delete(feed.id))
      this.#going.set(feed.id, going)
    }
    await going
  }

  async #refresh(feed: Feed): Promise<void> {
    const { db, clock, blockLists, log, closing } = this.#context
    try {
      const isOther = await this.#take(feed)
      if (isOther) blockLists.publish(feed.owner)
    } catch (error) {
      if (closing.aborted) return
      if (
        !(error instanceof OutsideError) &&
        !(error instanceof PolicyError) &&
        !(error instanceof HttpError)
      )
        throw error
      const problem = feedProblem(error)
      log.warn({ feed: feed.id, name: feed.name, problem }, 'a feed cannot be used')
      db.run(
        'UPDATE block_feeds SET tried_at = ?, error = ? WHERE id = ?',
        clock(),
        problem,
        feed.id,
      )
    }
  }

  /** @returns whether something else is in force now */
  async #take(feed: Feed): Promise<boolean> {
    const { auth, config, db, clock, blockLists, closing } = this.#context
    const url = new URL(feed.url)
    const how = { allowed: config.feedNetworks, signal: closing }
    const body = await fetchOutside(url, { ...how, limit: largestFeed })
    const signed = signatureUrl(url, feed.trust)
    const signature =
      signed === null ? null : await fetchOutside(signed, { ...how, limit: largestSignature })
    const wrong = distrust(feed.trust, body, signature)
    if (wrong !== null) throw new OutsideError(wrong)
    const { lists, updated } = readFeed(body, feed)
    const list = JSON.stringify(lists)
    return db.transaction(() => {
      const now = clock()
      const before = db.get<{ list: string | null; updated: string | null }>(
        'SELECT list, updated FROM block_feeds WHERE id = ?',
        feed.id,
      )
      // Deleted meanwhile.
      if (before === undefined) return false
      // Whoever stands between can send again what was signed once.
      if (before.updated !== null && !(Date.parse(updated ?? '') >= Date.parse(before.updated)))
        throw new OutsideError(
          `it is older (${updated ?? 'it does not say of when'}) than what is in force (${before.updated})`,
        )
      db.run(
        'UPDATE block_feeds SET tried_at = ?, fetched_at = ?, error = NULL, list = ?, updated = ? WHERE id = ?',
        now,
        now,
        list,
        updated,
        feed.id,
      )
      if (list === before.list) return false
      auth.audit(
        { kind: 'feed', name: feed.name },
        {
          organisationId: feed.owner,
          action: 'block-list.fetched',
          subject: feed.name,
          detail: {
            url: feed.url,
            updated,
            entries: kinds.reduce((count, kind) => count + lists[kind].length, 0),
          },
        },
      )
      blockLists.change(feed.owner)
      return true
    })
  }
}
