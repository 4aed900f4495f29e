import { z } from 'zod'
import type { App, Context } from '../context.ts'
import { roles } from '../auth/rights.ts'
import { OfOrganisation, OrganisationName } from './page.ts'

const Organisation = z.object({ id: z.string(), name: z.string() })
z.globalRegistry.add(Organisation, { id: 'Organisation' })
const WithRole = Organisation.extend({ role: z.enum(roles) })
z.globalRegistry.add(WithRole, { id: 'OrganisationWithRole' })

/** Organisations, and who asks. */
export function register(app: App, { db, auth }: Context): void {
  const organisationsOf = (userId: string, operator: boolean): z.infer<typeof WithRole>[] =>
    operator
      ? db.all("SELECT id, name, 'admin' AS role FROM organisations ORDER BY name")
      : db.all(
          `SELECT organisations.id, name, role FROM members JOIN organisations ON organisations.id = organisation_id
           WHERE user_id = ? ORDER BY name`,
          userId,
        )

  app.get(
    '/v1/me',
    {
      config: { right: 'signed-in' },
      schema: {
        summary: 'Who asks, and their organisations.',
        response: {
          200: z.object({
            kind: z.enum(['user', 'key']),
            id: z.string(),
            name: z.string(),
            operator: z.boolean(),
            organisations: z.array(WithRole),
          }),
        },
      },
    },
    ({ identity }) => {
      if (identity.kind === 'key' && identity.role !== 'agent') {
        const { kind, id, name, role, organisation } = identity
        return { kind, id, name, operator: false, organisations: [{ ...organisation, role }] }
      }
      if (identity.kind !== 'user') throw new Error(`a ${identity.kind} is signed in`)
      return { ...identity, organisations: organisationsOf(identity.id, identity.operator) }
    },
  )

  app.post(
    '/v1/orgs',
    {
      config: { right: 'operator' },
      schema: {
        summary: 'Adds an organisation: an owner of repositories whose jobs this server takes.',
        body: z.object({ name: OrganisationName }),
        response: { 200: Organisation },
      },
    },
    ({ body, identity, ip }) =>
      db.transaction(() => {
        const organisation = auth.ensureOrganisation(body.name)
        auth.audit(identity, {
          organisationId: organisation.id,
          action: 'organisation.add',
          subject: organisation.name,
          address: ip,
        })
        return organisation
      }),
  )

  app.get(
    '/v1/orgs/:org',
    {
      config: { right: 'viewer' },
      schema: {
        summary: 'One organisation.',
        params: OfOrganisation,
        response: { 200: Organisation },
      },
    },
    ({ organisation }) => organisation,
  )

  app.delete(
    '/v1/orgs/:org/owner',
    {
      config: { right: 'admin' },
      schema: {
        summary:
          'Forgets which account of GitHub the organisation is; that of the next job’s token is it from then on.',
        params: OfOrganisation,
        response: { 204: z.null() },
      },
    },
    ({ organisation, identity, ip }, reply) =>
      db.transaction(() => {
        auth.forgetOwner(organisation.id)
        auth.audit(identity, {
          organisationId: organisation.id,
          action: 'organisation.forget-owner',
          subject: organisation.name,
          address: ip,
        })
        void reply.code(204)
        return null
      }),
  )
}
