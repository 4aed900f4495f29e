import { z } from 'zod'
import { actorOf } from '../auth/rights.ts'
import { addFeed, deleteFeed, type Feed, getFeed, listFeeds } from '../blocklist/feeds.ts'
import { Follower } from '../blocklist/follower.ts'
import { Trust } from '../blocklist/trust.ts'
import type { App, Context } from '../context.ts'
import { ownerOf, type Place, places } from '../policies/owner.ts'
import { Id, Line, Time } from './page.ts'

const Url = z
  .url({ protocol: /^https?$/ })
  .max(500)
  .refine((text) => !URL.canParse(text) || new URL(text).username === '', {
    error: 'may hold no user or password',
  })

const Told = z.object({
  id: Id,
  name: z.string(),
  url: z.string(),
  trust: Trust,
  everyMinutes: z.int(),
  createdBy: z.string(),
  createdAt: Time,
  triedAt: Time.nullable(),
  /** Why the last try came to nothing; what was in force before still is. */
  error: z.string().nullable(),
  /** When what is in force was fetched, or confirmed; null: nothing is. */
  fetchedAt: Time.nullable(),
  /** The list's own word on its age. */
  updated: z.string().nullable(),
})
z.globalRegistry.add(Told, { id: 'BlockListFeed' })

const told = (feed: Feed): z.infer<typeof Told> => {
  const {
    id,
    name,
    url,
    trust,
    everyMs,
    createdBy,
    createdAt,
    triedAt,
    error,
    fetchedAt,
    updated,
  } = feed
  const everyMinutes = Math.round(everyMs / 60_000)
  return {
    id,
    name,
    url,
    trust,
    everyMinutes,
    createdBy,
    createdAt,
    triedAt,
    error,
    fetchedAt,
    updated,
  }
}

/** Lists of others that are followed. */
export function register(app: App, context: Context): void {
  const follower = new Follower(context)
  follower.start()
  for (const place of places) addRoutes(app, place, context, follower)
}

function addRoutes(
  app: App,
  { prefix, read, write, params, of }: Place,
  { db, auth, clock, blockLists }: Context,
  follower: Follower,
): void {
  // It has the server ask others: more than an entry.
  const right = write === 'editor' ? 'admin' : write
  app.get(
    `${prefix}/blocklist/feeds`,
    {
      config: { right: read },
      schema: {
        summary: `Feeds that the block list ${of} follows, and how they fare.`,
        params: params(z.object({})),
        response: { 200: z.object({ items: z.array(Told) }) },
      },
    },
    (request) => ({ items: listFeeds(db, ownerOf(request)).map(told) }),
  )
  app.post(
    `${prefix}/blocklist/feeds`,
    {
      config: { right },
      schema: {
        summary: `Has the block list ${of} follow a feed; answers when it was fetched for the first time, or could not be.`,
        params: params(z.object({})),
        body: z.object({
          name: Line,
          url: Url,
          trust: Trust,
          everyMinutes: z.int().min(1).max(10_080).default(60),
        }),
        response: { 200: Told },
      },
    },
    async (request) => {
      const { body, identity, ip } = request
      const owner = ownerOf(request)
      const id = db.transaction(() => {
        const { everyMinutes, ...given } = body
        const made = addFeed(db, owner, {
          ...given,
          everyMs: everyMinutes * 60_000,
          createdBy: actorOf(identity),
          createdAt: clock(),
        })
        auth.audit(identity, {
          organisationId: owner,
          action: 'block-list.follow',
          subject: body.name,
          detail: { url: body.url, trust: body.trust },
          address: ip,
        })
        return made
      })
      await follower.refresh(getFeed(db, owner, id))
      return told(getFeed(db, owner, id))
    },
  )
  app.post(
    `${prefix}/blocklist/feeds/:feed/refresh`,
    {
      config: { right },
      schema: {
        summary: `Fetches a feed ${of} now.`,
        params: params(z.object({ feed: Id })),
        response: { 200: Told },
      },
    },
    async (request) => {
      const feed = getFeed(db, ownerOf(request), request.params.feed)
      auth.audit(request.identity, {
        organisationId: feed.owner,
        action: 'block-list.refresh',
        subject: feed.name,
        address: request.ip,
      })
      await follower.refresh(feed)
      return told(getFeed(db, feed.owner, feed.id))
    },
  )
  app.delete(
    `${prefix}/blocklist/feeds/:feed`,
    {
      config: { right },
      schema: {
        summary: `Follows a feed ${of} no more; its entries go.`,
        params: params(z.object({ feed: Id })),
        response: { 204: z.null() },
      },
    },
    (request, reply) => {
      const { params, identity, ip } = request
      const owner = ownerOf(request)
      db.transaction(() => {
        const { name, url } = deleteFeed(db, owner, params.feed)
        auth.audit(identity, {
          organisationId: owner,
          action: 'block-list.unfollow',
          subject: name,
          detail: { url },
          address: ip,
        })
        blockLists.change(owner)
      })
      blockLists.publish(owner)
      void reply.code(204)
      return null
    },
  )
}
