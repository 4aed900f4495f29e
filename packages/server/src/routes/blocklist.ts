import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { actorOf } from '../auth/rights.ts'
import type { EffectiveList } from '../blocklist/block-lists.ts'
import { addEntries, deleteEntry, listEntries } from '../blocklist/entries.ts'
import { kinds } from '../blocklist/list.ts'
import type { App, Context } from '../context.ts'
import { badRequest } from '../error.ts'
import { ownerOf, type Place, places } from '../policies/owner.ts'
import { Id, Line, Next, OfOrganisation, Page, paged, Time } from './page.ts'

const Listed = z.object({
  value: z.string(),
  reason: z.string(),
  reference: z.string().optional(),
  added: z.string().optional(),
  expires: z.string().optional(),
})

/** docs/policy.md, "Block list": `runwarden run --block-list` and the action take it as it is. */
const List = z.object({
  version: z.literal(1),
  updated: z.string(),
  domains: z.array(Listed),
  wildcards: z.array(Listed),
  addresses: z.array(Listed),
})
z.globalRegistry.add(List, { id: 'BlockList' })

const Entry = z.object({
  id: Id,
  kind: z.enum(kinds),
  value: z.string(),
  reason: z.string(),
  reference: z.string().nullable(),
  addedAt: Time,
  expiresAt: Time.nullable(),
  addedBy: z.string(),
})
z.globalRegistry.add(Entry, { id: 'BlockListEntry' })

const NewEntry = z.object({
  /** A domain, a wildcard (`*.example.org`), an address or a block of addresses. */
  value: z.string().min(1).max(300),
  reason: Line,
  reference: z
    .url({ protocol: /^https?$/ })
    .max(500)
    .nullable()
    .default(null),
  expiresAt: Time.nullable().default(null),
})
z.globalRegistry.add(NewEntry, { id: 'NewBlockListEntry' })

/** The global block list: read by everybody, and changed here. */
export function register(app: App, context: Context): void {
  const { blockLists } = context
  app.get(
    '/v1/blocklist',
    {
      config: { right: 'public' },
      schema: {
        summary: 'The server’s block list, for everybody.',
        response: { 200: List },
      },
    },
    (request, reply) =>
      answerList(request, reply, blockLists.of(null), 'public, max-age=60, stale-if-error=86400'),
  )
  app.get(
    '/v1/jobs/:id/blocklist',
    {
      config: { right: 'job' },
      schema: {
        summary: 'The block list that holds for a job: the server’s with that of its organisation.',
        params: z.object({ id: Id }),
        response: { 200: List },
      },
    },
    (request, reply) =>
      answerList(request, reply, blockLists.of(request.organisation.id), 'private, no-cache'),
  )
  app.get(
    '/v1/orgs/:org/blocklist',
    {
      config: { right: 'viewer' },
      schema: {
        summary: 'The block list that holds for an organisation’s jobs.',
        params: OfOrganisation,
        response: { 200: List },
      },
    },
    (request, reply) =>
      answerList(request, reply, blockLists.of(request.organisation.id), 'private, no-cache'),
  )
  for (const place of places) addEntryRoutes(app, place, context)
}

function answerList(
  request: FastifyRequest,
  reply: FastifyReply,
  { text, version }: EffectiveList,
  cacheControl: string,
): void {
  // `updated` may change where entries do not.
  const etag = `"${version}"`
  void reply.header('etag', etag).header('cache-control', cacheControl)
  const asked = request.headers['if-none-match']
    ?.split(',')
    .map((one) => one.trim().replace(/^W\//, ''))
  if (asked?.some((one) => one === etag || one === '*') === true) void reply.code(304).send()
  else void reply.type('application/json; charset=utf-8').send(text)
}

function addEntryRoutes(
  app: App,
  { prefix, read, write, params, of }: Place,
  context: Context,
): void {
  const { db, auth, clock, blockLists } = context
  const auditRemoval = (
    { identity, ip }: Pick<FastifyRequest, 'identity' | 'ip'>,
    owner: string | null,
    { value, reason }: { value: string; reason: string },
  ): void =>
    auth.audit(identity, {
      organisationId: owner,
      action: 'block-list.remove',
      subject: value,
      detail: { reason },
      address: ip,
    })
  app.get(
    `${prefix}/blocklist/entries`,
    {
      config: { right: read },
      schema: {
        summary: `Entries of the block list ${of}, those that have expired too.`,
        params: params(z.object({})),
        querystring: Page.extend({ value: z.string().max(300).optional() }),
        response: { 200: z.object({ items: z.array(Entry), next: Next }) },
      },
    },
    (request) => {
      const { after = '', limit, value = null } = request.query
      return paged(listEntries(db, ownerOf(request), { after, limit: limit + 1, value }), limit)
    },
  )
  app.post(
    `${prefix}/blocklist/entries`,
    {
      config: { right: write },
      schema: {
        summary: `Adds entries to the block list ${of}; running jobs are told at once.`,
        params: params(z.object({})),
        body: z.object({
          entries: z.array(NewEntry).min(1).max(1000),
          /** Also in place of entries that say something else of the same value; otherwise these are a 409. */
          replace: z.boolean().default(false),
        }),
        response: { 200: z.object({ ids: z.array(Id) }) },
      },
    },
    (request) => {
      const { body, identity, ip } = request
      const owner = ownerOf(request)
      const now = clock()
      const past = body.entries.findIndex(({ expiresAt }) => expiresAt !== null && expiresAt <= now)
      if (past >= 0) throw badRequest('body', `entries[${past}].expiresAt`, 'is not in the future')
      const ids = db.transaction(() => {
        const { ids, replaced } = addEntries(db, owner, body.entries, {
          by: actorOf(identity),
          now,
          replace: body.replace,
        })
        for (const entry of replaced) auditRemoval(request, owner, entry)
        for (const { value, reason, expiresAt } of body.entries)
          auth.audit(identity, {
            organisationId: owner,
            action: 'block-list.add',
            subject: value,
            detail: { reason, expiresAt },
            address: ip,
          })
        blockLists.change(owner)
        return ids
      })
      blockLists.publish(owner)
      return { ids }
    },
  )
  app.delete(
    `${prefix}/blocklist/entries/:entry`,
    {
      config: { right: write },
      schema: {
        summary: `Takes an entry from the block list ${of}.`,
        params: params(z.object({ entry: Id })),
        response: { 204: z.null() },
      },
    },
    (request, reply) => {
      const owner = ownerOf(request)
      db.transaction(() => {
        auditRemoval(request, owner, deleteEntry(db, owner, request.params.entry))
        blockLists.change(owner)
      })
      blockLists.publish(owner)
      void reply.code(204)
      return null
    },
  )
}
