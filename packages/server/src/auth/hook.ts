import type { FastifyRequest } from 'fastify'
import { HttpError, notFound } from '../error.ts'
import type { App, Context } from '../context.ts'
import type { Limits } from '../rate.ts'
import { cookieOf } from './cookies.ts'
import { isEnough, type Identity, type Organisation, type Right, type Role } from './rights.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the route asks of who calls it; each route names it. */
    right?: Right
  }
  interface FastifyRequest {
    identity: Identity
    /** The one organisation that this request is about. Throws where the route is of none. */
    organisation: Organisation
    organisationOrNone: Organisation | null
  }
}

/** Finds out who calls, and whether they may, before anything of the body is read. */
export function addAuth(app: App, context: Context, limits: Limits): void {
  app.decorateRequest('identity')
  app.decorateRequest('organisationOrNone', null)
  app.decorateRequest('organisation', {
    getter(this: FastifyRequest) {
      if (this.organisationOrNone === null) throw new Error(`${this.routeOptions.url} has no :org`)
      return this.organisationOrNone
    },
  })
  app.addHook('onRequest', async (request) => {
    request.identity = { kind: 'nobody' }
    // Without a route there is nothing to have rights to.
    if (request.is404) return
    const { right } = request.routeOptions.config
    if (right === undefined) throw new Error(`${request.routeOptions.url} names no right`)
    if (right === 'public') return
    try {
      request.identity = await whoCalls(request, context)
      request.organisationOrNone = allow(request, right, context)
    } catch (error) {
      limits.take(request)
      throw error
    }
  })
}

async function whoCalls(
  request: FastifyRequest,
  { auth, jobClaims, url }: Context,
): Promise<Identity> {
  const { authorization } = request.headers
  if (authorization === undefined) {
    const session = cookieOf(request, 'runwarden-session')
    const user = session === undefined ? undefined : auth.bySession(session)
    if (user === undefined)
      throw new HttpError(401, 'unauthorized', 'who is it? neither an API key nor a valid session')
    checkOrigin(request, url())
    return user
  }
  const token = /^Bearer +([\x21-\x7e]+)$/i.exec(authorization)?.[1] ?? ''
  const identity = token.startsWith('rwk_')
    ? auth.byKey(token)
    : token.startsWith('rwj_')
      ? auth.byJobToken(token)
      : token.split('.').length === 3
        ? await jobClaims(token)
        : undefined
  if (identity === undefined)
    throw new HttpError(401, 'unauthorized', 'the key or token is not valid, or not any more')
  return identity
}

/** A browser sends the cookie along for other sites' pages, too; what changes something comes from our own. */
export function checkOrigin(request: FastifyRequest, url: string): void {
  if (request.method === 'GET' || request.method === 'HEAD' || request.method === 'OPTIONS') return
  const { origin, 'sec-fetch-site': site } = request.headers
  const same =
    origin === undefined
      ? site === 'same-origin'
      : [new URL(url).origin, `${request.protocol}://${request.host}`].includes(origin)
  if (!same) {
    throw new HttpError(
      403,
      'other-origin',
      `a browser may change something, or sign in, only from the server's own pages (Origin ${origin ?? 'is missing'})`,
    )
  }
}

/**
 * @returns the organisation that the request is about
 * @throws HttpError; what is another tenant's is not there (404), so that nobody learns what others have
 */
function allow(
  request: FastifyRequest,
  right: Exclude<Right, 'public'>,
  { auth }: Context,
): Organisation | null {
  const { identity } = request
  const parameters = request.params as { org?: string; id?: string }
  switch (right) {
    case 'agent':
      if (identity.kind === 'job-claims' || (identity.kind === 'key' && identity.role === 'agent'))
        return identity.organisation
      throw missing('an API key of the role agent, or GitHub’s OIDC token of a job')
    case 'job':
      if (identity.kind !== 'job') throw missing('the token of this job')
      if (identity.jobId !== parameters.id) throw notFound('job')
      return identity.organisation
    case 'operator':
      if (identity.kind === 'user' && identity.operator) return null
      throw missing('an administrator of this server')
    case 'signed-in':
      if (identity.kind === 'user') return null
      if (identity.kind === 'key' && identity.role !== 'agent') return identity.organisation
      throw missing('a person, or an API key of a role')
    default: {
      const organisation = auth.organisationNamed(parameters.org ?? '')
      const has = organisation && roleIn(identity, organisation, auth)
      if (organisation === undefined || has === undefined) throw notFound('organisation')
      if (!isEnough(has, right))
        throw missing(`the role ${right} in ${organisation.name}; yours is ${has}`)
      return organisation
    }
  }
}

function roleIn(
  identity: Identity,
  organisation: Organisation,
  auth: Context['auth'],
): Role | undefined {
  if (identity.kind === 'key' && identity.organisation.id === organisation.id)
    return identity.role === 'agent' ? undefined : identity.role
  if (identity.kind !== 'user') return undefined
  return identity.operator ? 'admin' : auth.roleOf(identity.id, organisation.id)
}

const missing = (what: string): HttpError => new HttpError(403, 'forbidden', `this needs ${what}`)
