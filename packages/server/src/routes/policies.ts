import { z } from 'zod'
import { actorOf } from '../auth/rights.ts'
import type { App, Context } from '../context.ts'
import { Source, textOf } from '../policies/import.ts'
import { lineDiff } from '../policies/line-diff.ts'
import { ownerOf, type Place, places } from '../policies/owner.ts'
import { PolicyStore, type PolicyVersion } from '../policies/store.ts'
import { Id, Next, Page, paged, Time } from './page.ts'

const Name = z
  .string()
  .regex(
    /^[A-Za-z0-9][\w.-]{0,99}$/,
    'is no name of a policy: letters, digits, "-", "_" and ".", the first a letter or digit',
  )
const Named = z.object({ policy: Name })
const Version = z.coerce.number().int().min(1).max(1e9)
const Reason = z.string().trim().min(1).max(1000)

const Head = z.object({
  id: Id,
  name: z.string(),
  version: z.int(),
  author: z.string(),
  reason: z.string(),
  createdAt: Time,
  attachments: z.int(),
})
z.globalRegistry.add(Head, { id: 'PolicyHead' })

const Told = z.object({
  name: z.string(),
  version: z.int(),
  text: z.string(),
  author: z.string(),
  reason: z.string(),
  /** What it was made from: `job …`, `baseline …`; null: it was written. */
  origin: z.string().nullable(),
  createdAt: Time,
  /** From the version before, as `diff -u` has it. */
  diff: z.string(),
})
z.globalRegistry.add(Told, { id: 'PolicyVersion' })

/** Named policies, and all their versions. */
export function register(app: App, context: Context): void {
  const store = new PolicyStore(context.db, context.clock)
  for (const place of places) {
    addCheck(app, place, context)
    addReading(app, place, store)
    addWriting(app, place, store, context)
  }
}

function addCheck(app: App, { prefix, read, params, of }: Place, { aside }: Context): void {
  app.post(
    `${prefix}/policy-checks`,
    {
      config: { right: read },
      schema: {
        summary: `Whether a text is a policy ${of}: what is wrong with it, and what is probably not meant.`,
        params: params(z.object({})),
        body: z.object({ text: z.string() }),
        response: { 200: z.object({ warnings: z.array(z.string()) }) },
      },
    },
    async (request) => ({
      warnings: await aside.do(
        'check',
        { text: request.body.text, name: 'policy' },
        { organisation: ownerOf(request) ?? '', only: null },
      ),
    }),
  )
}

function addReading(app: App, { prefix, read, params, of }: Place, store: PolicyStore): void {
  const withDiff = (request: Parameters<typeof ownerOf>[0], one: PolicyVersion) => {
    const before =
      one.version === 1 ? '' : store.textOf(ownerOf(request), one.name, one.version - 1)
    return { ...one, diff: lineDiff(before, one.text) }
  }
  app.get(
    `${prefix}/policies`,
    {
      config: { right: read },
      schema: {
        summary: `Policies ${of}.`,
        params: params(z.object({})),
        querystring: Page,
        response: { 200: z.object({ items: z.array(Head), next: Next }) },
      },
    },
    (request) => {
      const { after = '', limit } = request.query
      return paged(store.list(ownerOf(request), after, limit + 1), limit)
    },
  )
  app.get(
    `${prefix}/policies/:policy`,
    {
      config: { right: read },
      schema: {
        summary: `A policy ${of}: its newest version, or another.`,
        params: params(Named),
        querystring: z.object({ version: Version.optional() }),
        response: { 200: Told },
      },
    },
    (request) => {
      const { params, query } = request
      return withDiff(request, store.get(ownerOf(request), params.policy, query.version ?? null))
    },
  )
  app.get(
    `${prefix}/policies/:policy/versions`,
    {
      config: { right: read },
      schema: {
        summary: `Versions of a policy ${of}, the newest first.`,
        params: params(Named),
        querystring: z.object({
          limit: z.coerce.number().int().min(1).max(50).default(20),
          below: Version.default(1e9),
        }),
        response: { 200: z.object({ items: z.array(Told), next: z.int().nullable() }) },
      },
    },
    (request) => {
      const { params, query } = request
      const found = store.versions(ownerOf(request), params.policy, query.below, query.limit + 1)
      const items = found.slice(0, query.limit).map((one) => withDiff(request, one))
      return { items, next: found.length > items.length ? (items.at(-1)?.version ?? null) : null }
    },
  )
  app.get(
    `${prefix}/policies/:policy/text`,
    {
      config: { right: read },
      schema: {
        summary: `The document of a policy ${of}, YAML, as runwarden run --policy takes it.`,
        params: params(Named),
        querystring: z.object({ version: Version.optional() }),
      },
    },
    (request, reply) => {
      const { params, query } = request
      const { text, name } = store.get(ownerOf(request), params.policy, query.version ?? null)
      return reply
        .type('application/yaml; charset=utf-8')
        .header('content-disposition', `attachment; filename="${name}.yml"`)
        .send(text)
    },
  )
}

function addWriting(
  app: App,
  { prefix, write, params, of }: Place,
  store: PolicyStore,
  context: Context,
): void {
  const { aside, db, auth, bus } = context
  app.put(
    `${prefix}/policies/:policy`,
    {
      config: { right: write },
      schema: {
        summary: `Saves another version of a policy ${of}; it holds at once wherever the policy is attached.`,
        params: params(Named),
        body: z.object({
          /** The document; or else what it is made from. */
          text: z.string().optional(),
          from: Source.optional(),
          reason: Reason,
          /** The version that it was written from, 0: none. Somebody else's save meanwhile is then a 409, and not lost. */
          basedOn: z.int().min(0).nullable().default(null),
        }),
        response: { 200: Told.extend({ warnings: z.array(z.string()) }) },
      },
    },
    async (request) => {
      const { params, identity, ip } = request
      const { text: given, from, ...body } = request.body
      const owner = ownerOf(request)
      const { text, origin } = await textOf(context, owner, given, from)
      const warnings = await aside.do(
        'check',
        { text, name: params.policy },
        { organisation: owner ?? '', only: null },
      )
      const saved = db.transaction(() => {
        const before = store.find(owner, params.policy)
        const made = store.save(owner, {
          name: params.policy,
          author: actorOf(identity),
          text,
          origin,
          ...body,
        })
        auth.audit(identity, {
          organisationId: owner,
          action: 'policy.save',
          subject: params.policy,
          detail: { version: made.version, reason: body.reason, origin },
          address: ip,
        })
        return { ...made, diff: lineDiff(before?.text ?? '', made.text) }
      })
      bus.emit('policy', owner)
      return { ...saved, warnings }
    },
  )
  app.delete(
    `${prefix}/policies/:policy`,
    {
      config: { right: write },
      schema: {
        summary: `Deletes a policy ${of} that is attached nowhere.`,
        params: params(Named),
        response: { 204: z.null() },
      },
    },
    (request, reply) => {
      const { params, identity, ip } = request
      const owner = ownerOf(request)
      db.transaction(() => {
        store.delete(owner, params.policy)
        auth.audit(identity, {
          organisationId: owner,
          action: 'policy.delete',
          subject: params.policy,
          address: ip,
        })
      })
      bus.emit('policy', owner)
      void reply.code(204)
      return null
    },
  )
}
