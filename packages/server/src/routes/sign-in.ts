import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { type Invitation, sessionMs } from '../auth/auth.ts'
import { cookieOf, setCookie } from '../auth/cookies.ts'
import { checkOrigin } from '../auth/hook.ts'
import { createProvider, type Pending } from '../auth/provider.ts'
import type { App, Context } from '../context.ts'
import { HttpError } from '../error.ts'
import { sendPage } from '../web/serve.ts'

const Secret = z.string().regex(/^rw[il]_[\w-]{43}$/, 'is no token of a link')
const Token = z.object({ token: Secret })

const Waiting = z.object({
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  invitation: Secret.nullable(),
})
/** How long somebody may be with the provider. */
const waitSeconds = 600

/** How people sign in: links that work once, and the provider that the server is set to. */
export function register(app: App, { auth, config, db, url, log, web }: Context): void {
  const provider = createProvider(config, url)
  const secure = (request: FastifyRequest): boolean =>
    request.protocol === 'https' || url().startsWith('https:')

  const signIn = (request: FastifyRequest, reply: FastifyReply, userId: string, how: string) => {
    const { id, name, operator } = auth.userById(userId)
    const session = db.transaction(() => {
      auth.audit(
        { kind: 'user', id, name, operator },
        {
          organisationId: null,
          action: 'sign-in',
          subject: name,
          detail: { how },
          address: request.ip,
        },
      )
      return auth.createSession(userId)
    })
    setCookie(reply, 'runwarden-session', session, sessionMs / 1000, secure(request))
    return reply.redirect('/', 303)
  }

  const toProvider = async (
    request: FastifyRequest,
    reply: FastifyReply,
    invitation: string | null,
  ) => {
    if (provider === null)
      throw new HttpError(404, 'no-provider', 'this server is set to no sign-in (sign-in-issuer)')
    const { to, pending } = await provider.begin(invitation)
    const value = Buffer.from(JSON.stringify(pending)).toString('base64url')
    setCookie(reply, 'runwarden-sign-in', value, waitSeconds, secure(request))
    return reply.redirect(to, 303)
  }

  app.get(
    '/v1/sign-in/link',
    {
      config: { right: 'public', rate: 'sign-in' },
      schema: {
        summary: 'The page of a link that signs the administrator in, by a button.',
        querystring: Token,
      },
    },
    (request, reply) => {
      if (!auth.isSignInLink(request.query.token)) throw used()
      return sendButton(reply, 'sign in', 'This link signs you in, once.', 'Sign in')
    },
  )

  app.post(
    '/v1/sign-in/link',
    {
      config: { right: 'public', rate: 'sign-in' },
      schema: {
        summary: 'Signs the administrator in, by a link that works once.',
        querystring: Token,
      },
    },
    (request, reply) => {
      checkOrigin(request, url())
      const userId = auth.useSignInLink(request.query.token)
      if (userId === undefined) throw used()
      return signIn(request, reply, userId, 'link')
    },
  )

  const accept = (request: FastifyRequest, invitation: Invitation, userId: string): void => {
    const { id, name, operator } = auth.userById(userId)
    auth.acceptInvitation(invitation, id)
    auth.audit(
      { kind: 'user', id, name, operator },
      {
        organisationId: invitation.organisationId,
        action: 'member.join',
        subject: name,
        detail: { user: id, role: invitation.role, invited: invitation.name },
        address: request.ip,
      },
    )
  }

  app.get(
    '/v1/sign-in/invitation',
    {
      config: { right: 'public', rate: 'sign-in' },
      schema: {
        summary: 'Takes an invitation: by the provider where there is one, else by a button.',
        querystring: Token,
      },
    },
    (request, reply) => {
      const { token } = request.query
      if (auth.invitationBy(token) === undefined) throw used()
      if (provider !== null) return toProvider(request, reply, token)
      if (web !== null) return sendPage(request, withOrigin(reply), web)
      return sendButton(
        reply,
        'invitation',
        'The invitation can be taken once. This browser is signed in then.',
        'Take the invitation',
      )
    },
  )

  app.post(
    '/v1/sign-in/invitation',
    {
      config: { right: 'public', rate: 'sign-in' },
      schema: { summary: 'Takes an invitation where there is no provider.', querystring: Token },
    },
    (request, reply) => {
      checkOrigin(request, url())
      const invitation = auth.invitationBy(request.query.token)
      if (invitation === undefined) throw used()
      if (provider !== null)
        throw new HttpError(409, 'by-provider', 'open the link itself: people sign in elsewhere')
      const userId = db.transaction(() => {
        const id = auth.ensureUser('local', invitation.id, invitation.name)
        accept(request, invitation, id)
        return id
      })
      return signIn(request, reply, userId, 'invitation')
    },
  )

  app.get(
    '/v1/sign-in',
    {
      config: { right: 'public', rate: 'sign-in' },
      schema: { summary: 'Sends the browser to the provider to sign in.' },
    },
    async (request, reply) => toProvider(request, reply, null),
  )

  app.get(
    '/v1/sign-in/callback',
    {
      config: { right: 'public', rate: 'sign-in' },
      schema: { summary: 'Where the provider sends the browser back to.' },
    },
    async (request, reply) => {
      const pending = pendingOf(request)
      if (provider === null || pending === null)
        throw new HttpError(
          400,
          'no-sign-in',
          'no sign-in was begun in this browser, or too long ago',
        )
      setCookie(reply, 'runwarden-sign-in', '', 0, secure(request))
      const query = request.url.slice(request.url.indexOf('?'))
      const person = await provider.finish(query.startsWith('?') ? query : '', pending)
      const userId = db.transaction(() => {
        const invitation = auth.invitationBy(pending.invitation ?? '')
        const known = db.get(
          'SELECT 1 FROM users WHERE issuer = ? AND subject = ?',
          person.issuer,
          person.subject,
        )
        if (known === undefined && invitation === undefined) {
          log.info(
            { issuer: person.issuer, subject: person.subject },
            'sign-in of somebody unknown',
          )
          throw new HttpError(
            403,
            'not-invited',
            `${person.name} is in no organisation here; ask for an invitation`,
          )
        }
        const id = auth.ensureUser(person.issuer, person.subject, person.name)
        if (invitation !== undefined) accept(request, invitation, id)
        return id
      })
      return signIn(request, reply, userId, 'provider')
    },
  )

  app.post(
    '/v1/sign-out',
    {
      config: { right: 'signed-in' },
      schema: { summary: 'Ends the session.', response: { 204: z.null() } },
    },
    (request, reply) => {
      const { identity, ip: address } = request
      db.transaction(() => {
        auth.endSession(cookieOf(request, 'runwarden-session') ?? '')
        if (identity.kind === 'user')
          auth.audit(identity, {
            organisationId: null,
            action: 'sign-out',
            subject: identity.name,
            address,
          })
      })
      setCookie(reply, 'runwarden-session', '', 0, secure(request))
      void reply.code(204)
      return null
    },
  )
}

/** Without a referrer a browser would not say either that a form is of this server's own page. */
const withOrigin = (reply: FastifyReply): FastifyReply =>
  reply.header('referrer-policy', 'same-origin')

/** What a link does is done by a button: programs that look at links before people do press none. */
const sendButton = (reply: FastifyReply, title: string, text: string, button: string) =>
  withOrigin(reply).type('text/html; charset=utf-8').send(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Runwarden: ${title}</title>
<h1>Runwarden</h1>
<p>${text}</p>
<form method="post"><button>${button}</button></form>
</html>
`)

const used = (): HttpError =>
  new HttpError(410, 'link-used', 'this link has been used, or is too old; ask for a new one')

function pendingOf(request: FastifyRequest): Pending | null {
  try {
    const text = Buffer.from(cookieOf(request, 'runwarden-sign-in') ?? '', 'base64url').toString()
    return Waiting.parse(JSON.parse(text))
  } catch {
    return null
  }
}
