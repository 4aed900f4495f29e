import { z } from 'zod'
import { roles } from '../auth/rights.ts'
import type { App, Context } from '../context.ts'
import { notFound } from '../error.ts'
import { Id, OfOrganisation, Line, Next, Page, paged, Time } from './page.ts'

const Role = z.enum(roles)
const Member = z.object({ id: z.string(), name: z.string(), issuer: z.string(), role: Role })
z.globalRegistry.add(Member, { id: 'Member' })
const OneMember = OfOrganisation.extend({ user: Id })
const Invitation = z.object({
  id: z.string(),
  name: z.string(),
  role: Role,
  createdBy: z.string(),
  expiresAt: Time,
})
z.globalRegistry.add(Invitation, { id: 'Invitation' })

/** Who is in an organisation, as what. */
export function register(app: App, { db, auth, url }: Context): void {
  app.get(
    '/v1/orgs/:org/members',
    {
      config: { right: 'viewer' },
      schema: {
        summary: 'Members, by the time that the server knows them.',
        params: OfOrganisation,
        querystring: Page,
        response: { 200: z.object({ items: z.array(Member), next: Next }) },
      },
    },
    ({ organisation, query }) =>
      paged(
        db.all<z.infer<typeof Member>>(
          `SELECT users.id, name, issuer, role FROM members JOIN users ON users.id = user_id
           WHERE organisation_id = ? AND users.id > ? ORDER BY users.id LIMIT ?`,
          organisation.id,
          query.after ?? '',
          query.limit + 1,
        ),
        query.limit,
      ),
  )

  app.put(
    '/v1/orgs/:org/members/:user',
    {
      config: { right: 'admin' },
      schema: {
        summary: 'Changes a member’s role.',
        params: OneMember,
        body: z.object({ role: Role }),
        response: { 200: z.object({ role: Role }) },
      },
    },
    ({ organisation, params, body, identity, ip }) =>
      db.transaction(() => {
        const before = auth.roleOf(params.user, organisation.id)
        if (before === undefined) throw notFound('member')
        auth.setMember(organisation.id, params.user, body.role)
        auth.audit(identity, {
          organisationId: organisation.id,
          action: 'member.role',
          subject: params.user,
          detail: { before, after: body.role },
          address: ip,
        })
        return { role: body.role }
      }),
  )

  app.delete(
    '/v1/orgs/:org/members/:user',
    {
      config: { right: 'admin' },
      schema: { summary: 'Takes a member out.', params: OneMember, response: { 204: z.null() } },
    },
    ({ organisation, params, identity, ip }, reply) =>
      db.transaction(() => {
        const gone = db.run(
          'DELETE FROM members WHERE organisation_id = ? AND user_id = ?',
          organisation.id,
          params.user,
        )
        if (gone === 0) throw notFound('member')
        auth.audit(identity, {
          organisationId: organisation.id,
          action: 'member.remove',
          subject: params.user,
          address: ip,
        })
        void reply.code(204)
        return null
      }),
  )

  app.get(
    '/v1/orgs/:org/invitations',
    {
      config: { right: 'admin' },
      schema: {
        summary: 'Invitations that nobody has taken yet.',
        params: OfOrganisation,
        querystring: Page,
        response: { 200: z.object({ items: z.array(Invitation), next: Next }) },
      },
    },
    ({ organisation, query }) =>
      paged(
        db.all<z.infer<typeof Invitation>>(
          `SELECT id, name, role, created_by AS createdBy, expires_at AS expiresAt FROM invitations
           WHERE organisation_id = ? AND id > ? ORDER BY id LIMIT ?`,
          organisation.id,
          query.after ?? '',
          query.limit + 1,
        ),
        query.limit,
      ),
  )

  app.post(
    '/v1/orgs/:org/invitations',
    {
      config: { right: 'admin' },
      schema: {
        summary: 'Makes a link that makes whoever opens it first a member. It is shown this once.',
        params: OfOrganisation,
        body: z.object({ name: Line, role: Role }),
        response: { 200: z.object({ id: z.string(), url: z.string(), expiresAt: Time }) },
      },
    },
    ({ organisation, body, identity, ip }) =>
      db.transaction(() => {
        const { id, secret, expiresAt } = auth.createInvitation(organisation.id, body, identity)
        auth.audit(identity, {
          organisationId: organisation.id,
          action: 'member.invite',
          subject: body.name,
          detail: { role: body.role },
          address: ip,
        })
        return { id, url: `${url()}/v1/sign-in/invitation?token=${secret}`, expiresAt }
      }),
  )

  app.delete(
    '/v1/orgs/:org/invitations/:invitation',
    {
      config: { right: 'admin' },
      schema: {
        summary: 'Takes an invitation back.',
        params: OfOrganisation.extend({ invitation: Id }),
        response: { 204: z.null() },
      },
    },
    ({ organisation, params, identity, ip }, reply) =>
      db.transaction(() => {
        const gone = db.get<{ name: string }>(
          'DELETE FROM invitations WHERE organisation_id = ? AND id = ? RETURNING name',
          organisation.id,
          params.invitation,
        )
        if (gone === undefined) throw notFound('invitation')
        auth.audit(identity, {
          organisationId: organisation.id,
          action: 'member.uninvite',
          subject: gone.name,
          address: ip,
        })
        void reply.code(204)
        return null
      }),
  )
}
