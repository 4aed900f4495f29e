import type { Context } from '../context.ts'

/**
 * Where the server's administrator signs in, once, within a day.
 * @param onlyFirst not where there is anybody who could sign in
 */
export function newSignInUrl(
  { db, auth, url }: Pick<Context, 'db' | 'auth' | 'url'>,
  { onlyFirst = false } = {},
): string | null {
  return db.transaction(() => {
    if (onlyFirst && db.get('SELECT 1 FROM users') !== undefined) return null
    const administrator = auth.ensureUser('local', 'admin', 'admin', true)
    return `${url()}/v1/sign-in/link?token=${auth.createSignInLink(administrator)}`
  })
}
