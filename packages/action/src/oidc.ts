import { askForSuccess, jsonOf, RequestError, retrying } from './http.ts'

/**
 * GitHub's OIDC token of this job, for one audience.
 * @param mask has the runner take a secret out of all logs
 * @throws RequestError
 */
export async function oidcToken(
  audience: string,
  env: NodeJS.ProcessEnv,
  mask: (secret: string) => void,
  signal: AbortSignal,
): Promise<string> {
  const address = env['ACTIONS_ID_TOKEN_REQUEST_URL'] ?? ''
  const bearer = env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] ?? ''
  if (!URL.canParse(address) || bearer === '') {
    throw new RequestError(
      'INVALID',
      'the job may not ask for an OIDC token: it needs "permissions: id-token: write", or api-key',
    )
  }
  const url = new URL(address)
  url.searchParams.set('audience', audience)
  const reply = await retrying({ tries: 3, firstMs: 250, signal }, () =>
    askForSuccess(url, { headers: { authorization: `Bearer ${bearer}` }, limit: 64 << 10, signal }),
  )
  const { value } = (jsonOf(url, reply) ?? {}) as { value?: unknown }
  if (typeof value !== 'string' || !/^[\w-]+\.[\w-]+\.[\w-]*$/.test(value)) {
    throw new RequestError('INVALID', `${url.host} answered no OIDC token`)
  }
  mask(value)
  return value
}
