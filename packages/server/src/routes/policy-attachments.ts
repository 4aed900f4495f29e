import { z } from 'zod'
import { actorOf } from '../auth/rights.ts'
import type { App, Context } from '../context.ts'
import { PolicyLevel, StoredPolicy } from '@runwarden/events/control-plane'
import { attach, detach, listAttachments, Repository, Target } from '../policies/attachments.ts'
import { policiesFor, toldOf } from '../policies/effective.ts'
import { ownerOf, type Place, places } from '../policies/owner.ts'
import { Id, Line, Next, OfOrganisation, Page, paged, Time } from './page.ts'

const Told = z.object({
  id: Id,
  policy: z.string(),
  level: PolicyLevel,
  repository: z.string().nullable(),
  workflow: z.string().nullable(),
  job: z.string().nullable(),
  createdBy: z.string(),
  createdAt: Time,
})
z.globalRegistry.add(Told, { id: 'PolicyAttachment' })

/** Where policies hold: no workflow needs to be touched for that. */
export function register(app: App, context: Context): void {
  for (const place of places) addAttachments(app, place, context)
  app.get(
    '/v1/orgs/:org/effective-policies',
    {
      config: { right: 'viewer' },
      schema: {
        summary: 'The policies that a job gets from the store, the strongest level first.',
        params: OfOrganisation,
        querystring: z.object({
          repository: Repository,
          workflow: Line,
          job: Line,
        }),
        response: { 200: z.object({ items: z.array(StoredPolicy) }) },
      },
    },
    ({ organisation, query }) => {
      const isFile = query.workflow.startsWith('.github/')
      const job = {
        repository: query.repository,
        workflow: isFile ? null : query.workflow,
        workflowRef: isFile ? `${query.repository}/${query.workflow}@` : null,
        job: query.job,
      }
      return { items: toldOf(policiesFor(context.db, organisation.id, job, { from: 'store' })) }
    },
  )
}

function addAttachments(
  app: App,
  { prefix, read, write, params, of }: Place,
  { db, auth, bus, clock }: Context,
): void {
  app.get(
    `${prefix}/policy-attachments`,
    {
      config: { right: read },
      schema: {
        summary: `Where policies ${of} hold.`,
        params: params(z.object({})),
        querystring: Page,
        response: { 200: z.object({ items: z.array(Told), next: Next }) },
      },
    },
    (request) => {
      const { after = '', limit } = request.query
      return paged(listAttachments(db, ownerOf(request), after, limit + 1), limit)
    },
  )
  app.post(
    `${prefix}/policy-attachments`,
    {
      config: { right: write },
      schema: {
        summary: `Has a policy ${of} hold somewhere, in place of the one that did.`,
        params: params(z.object({})),
        body: z.object({ policy: Line, target: Target }),
        response: {
          200: z.object({
            id: Id,
            /** The policy that held there until now. */
            replaced: z.string().nullable(),
          }),
        },
      },
    },
    (request) => {
      const { body, identity, ip, organisationOrNone } = request
      const attached = db.transaction(() => {
        const made = attach(db, organisationOrNone, {
          ...body,
          by: actorOf(identity),
          now: clock(),
        })
        auth.audit(identity, {
          organisationId: ownerOf(request),
          action: 'policy.attach',
          subject: body.policy,
          detail: { attachment: made.id, replaced: made.replaced, ...body.target },
          address: ip,
        })
        return made
      })
      bus.emit('policy', ownerOf(request))
      return attached
    },
  )
  app.delete(
    `${prefix}/policy-attachments/:attachment`,
    {
      config: { right: write },
      schema: {
        summary: `Takes a policy ${of} from where it holds.`,
        params: params(z.object({ attachment: Id })),
        response: { 204: z.null() },
      },
    },
    (request, reply) => {
      const { params, identity, ip } = request
      db.transaction(() => {
        const gone = detach(db, ownerOf(request), params.attachment)
        auth.audit(identity, {
          organisationId: ownerOf(request),
          action: 'policy.detach',
          subject: gone.policy,
          detail: { ...gone },
          address: ip,
        })
      })
      bus.emit('policy', ownerOf(request))
      void reply.code(204)
      return null
    },
  )
}
