import { Severity } from '@runwarden/events'
import { z } from 'zod'
import { actorOf } from '../auth/rights.ts'
import type { App, Context } from '../context.ts'
import { findInInbox, type InboxItem, listInbox, traceOf } from '../detections/list.ts'
import { Inbox, states } from '../detections/inbox.ts'
import { suppressionKeys } from '../detections/subject.ts'
import {
  addSuppression,
  deleteSuppression,
  findSuppression,
  listSuppressions,
} from '../detections/suppressions.ts'
import { badRequest, HttpError, notFound } from '../error.ts'
import { insightsUrl } from '../ingest/job-row.ts'
import { Repository } from '../policies/attachments.ts'
import { Id, Line, Next, OfOrganisation, Page, paged, Time } from './page.ts'

const Note = z.string().trim().min(1).max(1000)
const texts = z.array(z.string())

const Item = z.object({
  id: Id,
  /** The detection's id of docs/rules.md. */
  detection: z.string(),
  severity: z.string(),
  title: z.string(),
  text: z.string(),
  time: z.number(),
  step: z.string().nullable(),
  /** `server`: found by comparing jobs, or in a job's record. */
  source: z.enum(['agent', 'server']),
  state: z.enum(states),
  /** `seq` of the events behind it. */
  evidence: z.array(z.int()),
  /** What each of these is about; empty: not all of them are at hand. */
  about: z.array(
    z.object({
      endpoint: texts,
      host: texts,
      ip: texts,
      process: texts,
      file: texts,
      secret: texts,
    }),
  ),
  /** The suppression of this server by which it is suppressed. */
  suppression: z.string().nullable(),
  job: z.object({
    id: Id,
    repository: z.string().nullable(),
    workflow: z.string().nullable(),
    job: z.string().nullable(),
    runId: z.string().nullable(),
    runAttempt: z.string().nullable(),
    /** Where a person sees the run. */
    url: z.string().nullable(),
  }),
})
z.globalRegistry.add(Item, { id: 'InboxDetection' })

const Trace = z.object({
  at: Time,
  actor: z.string(),
  state: z.enum(states),
  note: z.string(),
  suppression: z.string().nullable(),
})
z.globalRegistry.add(Trace, { id: 'InboxTrace' })

const Match = z.strictObject(
  Object.fromEntries(suppressionKeys.map((key) => [key, Line.optional()])) as Record<
    (typeof suppressionKeys)[number],
    z.ZodOptional<typeof Line>
  >,
)

const Suppression = z.object({
  id: Id,
  match: z.record(z.string(), z.string()),
  reason: z.string(),
  createdBy: z.string(),
  createdAt: Time,
  expiresAt: Time.nullable(),
  /** How many detections it suppresses now. */
  detections: z.int(),
})
z.globalRegistry.add(Suppression, { id: 'Suppression' })

/** So far back is looked at what a suppression would have been for. */
const previewMs = 30 * 24 * 3_600_000

/** The inbox of detections, and what is expected of them. */
export function register(app: App, context: Context): void {
  const inbox = new Inbox(context)
  inbox.start()
  addInbox(app, context, inbox)
  addSuppressions(app, context, inbox)
}

function addInbox(app: App, { db, auth, url }: Context, inbox: Inbox): void {
  const told = (item: InboxItem): z.infer<typeof Item> => ({
    ...item,
    job: {
      ...item.job,
      url: insightsUrl(url(), { repository: item.job.repository, run_id: item.job.runId }),
    },
  })
  app.get(
    '/v1/orgs/:org/detections',
    {
      config: { right: 'viewer' },
      schema: {
        summary: 'Detections of all jobs, the newest first.',
        params: OfOrganisation,
        querystring: z.object({
          limit: Page.shape.limit,
          /** `next` of the answer before. */
          before: Page.shape.after,
          state: z.enum(states).optional(),
          /** `attack-blocked`: hits of the block list. */
          detection: Line.optional(),
          severity: Severity.optional(),
          repository: Repository.optional(),
          job: Id.optional(),
          /** By which they are suppressed. */
          suppression: Id.optional(),
          /** Told since then, milliseconds since 1970. */
          from: z.coerce.number().pipe(Time).optional(),
        }),
        response: { 200: z.object({ items: z.array(Item), next: Next }) },
      },
    },
    async ({ organisation, query }) => {
      await inbox.take()
      const { limit, before = '~', state, detection, severity, repository, job } = query
      const filter = {
        state: state ?? null,
        detection: detection ?? null,
        severity: severity ?? null,
        repository: repository ?? null,
        jobId: job ?? null,
        suppression: query.suppression ?? null,
        from: query.from ?? null,
      }
      const { items, next } = listInbox(db, organisation.id, filter, { before, limit })
      return { items: items.map(told), next }
    },
  )
  app.get(
    '/v1/orgs/:org/detections/:detection',
    {
      config: { right: 'viewer' },
      schema: {
        summary: 'A detection, and how it came to its state.',
        params: OfOrganisation.extend({ detection: Id }),
        response: { 200: Item.extend({ trace: z.array(Trace) }) },
      },
    },
    async ({ organisation, params }) => {
      await inbox.take()
      const found = findInInbox(db, organisation.id, params.detection)
      if (found === undefined) throw notFound('detection')
      return { ...told(found), trace: traceOf(db, organisation.id, params.detection) }
    },
  )
  app.post(
    '/v1/orgs/:org/detections/:detection/state',
    {
      config: { right: 'editor' },
      schema: {
        summary:
          'Says what has become of a detection. What is expected is suppressed by a suppression.',
        params: OfOrganisation.extend({ detection: Id }),
        body: z.object({
          state: z.enum(['open', 'acknowledged', 'resolved']),
          note: Note,
          /** The state that it was seen in. What somebody else made of it meanwhile is then a 409, and not undone. */
          seen: z.enum(states).nullable().default(null),
        }),
        response: { 200: Item.extend({ trace: z.array(Trace) }) },
      },
    },
    async ({ organisation, params, body, identity, ip }) => {
      await inbox.take()
      return db.transaction(() => {
        const before = findInInbox(db, organisation.id, params.detection)
        if (before === undefined) throw notFound('detection')
        if (body.seen !== null && body.seen !== before.state) {
          const by = traceOf(db, organisation.id, before.id).at(-1)
          throw new HttpError(
            409,
            'changed-meanwhile',
            `it is ${before.state} by now${by === undefined ? '' : `, by ${by.actor}: ${by.note}`}`,
          )
        }
        const detection = { detectionId: before.id, organisationId: organisation.id }
        inbox.set(detection, { actor: actorOf(identity), state: body.state, note: body.note })
        auth.audit(identity, {
          organisationId: organisation.id,
          action: 'detection.state',
          subject: before.id,
          detail: {
            detection: before.detection,
            from: before.state,
            to: body.state,
            note: body.note,
          },
          address: ip,
        })
        const after = findInInbox(db, organisation.id, before.id) ?? before
        return { ...told(after), trace: traceOf(db, organisation.id, before.id) }
      })
    },
  )
}

function addSuppressions(app: App, { db, auth, clock }: Context, inbox: Inbox): void {
  app.get(
    '/v1/orgs/:org/suppressions',
    {
      config: { right: 'viewer' },
      schema: {
        summary: 'What is expected, and how much of it there is.',
        params: OfOrganisation,
        querystring: Page,
        response: { 200: z.object({ items: z.array(Suppression), next: Next }) },
      },
    },
    ({ organisation, query }) =>
      paged(listSuppressions(db, organisation.id, query.after ?? '', query.limit + 1), query.limit),
  )
  app.post(
    '/v1/orgs/:org/suppressions',
    {
      config: { right: 'editor' },
      schema: {
        summary: 'Says that detections are expected, from now on and those that are there.',
        params: OfOrganisation,
        body: z.object({ match: Match, reason: Note, expiresAt: Time.nullable().default(null) }),
        response: { 200: z.object({ id: Id, suppressed: z.int() }) },
      },
    },
    async ({ organisation, body, identity, ip }) => {
      const { match, reason, expiresAt } = body
      if (expiresAt !== null && expiresAt <= clock())
        throw badRequest('body', 'expiresAt', 'is not in the future')
      namesSomething(match)
      const actor = actorOf(identity)
      // What is there is suppressed by who asks for it; what comes, by the server.
      await inbox.take()
      const id = db.transaction(() => {
        const given = { match, reason, expiresAt }
        const there = findSuppression(db, organisation.id, given)
        if (there !== undefined) return there
        const made = addSuppression(db, organisation.id, { ...given, by: actor, now: clock() })
        auth.audit(identity, {
          organisationId: organisation.id,
          action: 'suppression.create',
          subject: made,
          detail: { match, reason, expiresAt },
          address: ip,
        })
        return made
      })
      return {
        id,
        suppressed: await inbox.applyToPast(organisation.id, { id, match, reason }, actor),
      }
    },
  )
  app.post(
    '/v1/orgs/:org/suppression-previews',
    {
      config: { right: 'viewer' },
      schema: {
        summary: 'How many detections a suppression would be for, before it is made.',
        params: OfOrganisation,
        body: z.object({ match: Match }),
        response: {
          200: z.object({
            /** Open or acknowledged: it would suppress them at once. */
            now: z.int(),
            /** Of the 30 days up to now, whatever their state: as many may be expected to come. */
            past: z.int(),
            /** Jobs that these were of. */
            jobs: z.int(),
          }),
        },
      },
    },
    async ({ organisation, body: { match } }) => {
      namesSomething(match)
      await inbox.take()
      return inbox.preview(organisation.id, match, clock() - previewMs)
    },
  )
  app.delete(
    '/v1/orgs/:org/suppressions/:suppression',
    {
      config: { right: 'editor' },
      schema: {
        summary: 'Deletes a suppression; what it has suppressed is open again.',
        params: OfOrganisation.extend({ suppression: Id }),
        response: { 200: z.object({ opened: z.int() }) },
      },
    },
    ({ organisation, params, identity, ip }) =>
      db.transaction(() => {
        const gone = deleteSuppression(db, organisation.id, params.suppression, clock())
        const opened = inbox.release(organisation.id, params.suppression, actorOf(identity))
        auth.audit(identity, {
          organisationId: organisation.id,
          action: 'suppression.delete',
          subject: params.suppression,
          detail: { match: gone.match, reason: gone.reason, opened },
          address: ip,
        })
        return { opened }
      }),
  )
}

/** @throws HttpError (400) where it would be for every detection */
function namesSomething(match: z.infer<typeof Match>): void {
  if (Object.values(match).every((pattern) => pattern === undefined))
    throw badRequest('body', 'match', `names nothing to suppress: ${suppressionKeys.join(', ')}`)
}
