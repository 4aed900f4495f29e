import type { FastifyReply, FastifyRequest } from 'fastify'

/** The session; and what a browser keeps while its person is with the sign-in's provider. */
export type CookieName = 'runwarden-session' | 'runwarden-sign-in'

export function cookieOf(request: FastifyRequest, name: CookieName): string | undefined {
  const found = (request.headers.cookie ?? '')
    .split(';')
    .map((one) => one.trim())
    .find((one) => one.startsWith(`${name}=`))
  return found?.slice(name.length + 1)
}

/**
 * No script reads it, and other sites' forms do not bring it along.
 * @param value letters, digits, `-`, `_` and `.`
 * @param seconds 0 takes it away
 */
export function setCookie(
  reply: FastifyReply,
  name: CookieName,
  value: string,
  seconds: number,
  secure: boolean,
): void {
  void reply.header(
    'set-cookie',
    `${name}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`,
  )
}
