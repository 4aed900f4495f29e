import * as oauth from 'openid-client'
import type { Config } from '../config.ts'
import { HttpError } from '../error.ts'

/** What a browser keeps while its person is with the provider: nothing that others could use. */
export interface Pending {
  state: string
  nonce: string
  verifier: string
  /** Secret of an invitation, where one led to the sign-in. */
  invitation: string | null
}

/** A person, as the provider knows them for good, and under the name they have there now. */
export interface Person {
  issuer: string
  subject: string
  name: string
}

/** Where people sign in: an OpenID provider, or GitHub, whose OAuth is none. */
export interface Provider {
  /** Where the browser is sent. */
  begin: (invitation: string | null) => Promise<{ to: string; pending: Pending }>
  /** @param query what the browser came back with */
  finish: (query: string, pending: Pending) => Promise<Person>
}

const timeoutSeconds = 10

/** @param url where this server is reached: the provider sends browsers back to it */
export function createProvider(config: Config, url: () => string): Provider | null {
  const { signInIssuer: issuer, signInClientId: id, signInClientSecret: secret } = config
  if (issuer === null || id === null || secret === null) return null
  const back = (query = ''): string => `${url()}/v1/sign-in/callback${query}`
  const isGithub = issuer === 'github'
  let known: Promise<oauth.Configuration> | undefined
  const client = async (): Promise<oauth.Configuration> => {
    known ??= isGithub ? Promise.resolve(github(config, id, secret)) : discover(issuer, id, secret)
    try {
      return await known
    } catch (error) {
      known = undefined
      throw error
    }
  }
  return {
    begin: (invitation) =>
      asProviders(async () => {
        const pending = {
          state: oauth.randomState(),
          nonce: oauth.randomNonce(),
          verifier: oauth.randomPKCECodeVerifier(),
          invitation,
        }
        const to = oauth.buildAuthorizationUrl(await client(), {
          redirect_uri: back(),
          scope: isGithub ? '' : 'openid profile',
          state: pending.state,
          code_challenge: await oauth.calculatePKCECodeChallenge(pending.verifier),
          code_challenge_method: 'S256',
          ...(isGithub ? {} : { nonce: pending.nonce }),
        })
        return { to: to.href, pending }
      }),
    finish: (query, { state, nonce, verifier }) =>
      asProviders(async () => {
        const tokens = await oauth.authorizationCodeGrant(await client(), new URL(back(query)), {
          expectedState: state,
          pkceCodeVerifier: verifier,
          ...(isGithub ? {} : { expectedNonce: nonce, idTokenExpected: true }),
        })
        if (isGithub) return githubPerson(config.signInApi, config.signInUrl, tokens.access_token)
        const { iss, sub, preferred_username: name } = tokens.claims() as oauth.IDToken
        return {
          issuer: iss,
          subject: sub,
          name: typeof name === 'string' ? name.slice(0, 200) : sub,
        }
      }),
  }
}

function github({ signInUrl: site }: Config, id: string, secret: string): oauth.Configuration {
  const configuration = new oauth.Configuration(
    {
      issuer: site,
      authorization_endpoint: `${site}/login/oauth/authorize`,
      token_endpoint: `${site}/login/oauth/access_token`,
    },
    id,
    secret,
  )
  configuration.timeout = timeoutSeconds
  plainHttp(site).forEach((allow) => allow(configuration))
  return configuration
}

async function discover(issuer: string, id: string, secret: string): Promise<oauth.Configuration> {
  return oauth.discovery(new URL(issuer), id, secret, undefined, {
    timeout: timeoutSeconds,
    execute: plainHttp(issuer),
  })
}

/** Only where the operator's own setting says so. */
function plainHttp(url: string): ((configuration: oauth.Configuration) => void)[] {
  return url.startsWith('http://') ? [oauth.allowInsecureRequests] : []
}

/** The number of an account stays; its name can become another's. */
async function githubPerson(api: string, site: string, token: string): Promise<Person> {
  const answer = await fetch(`${api}/user`, {
    headers: { authorization: `Bearer ${token}`, accept: 'application/vnd.github+json' },
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutSeconds * 1000),
  })
  const { id, login } = (answer.ok ? await answer.json() : {}) as { id?: unknown; login?: unknown }
  if (typeof id !== 'number' || typeof login !== 'string')
    throw new Error(`${api}/user answered ${answer.status} and no account`)
  return { issuer: site, subject: String(id), name: login.slice(0, 200) }
}

/** What goes wrong there is told without what was sent, which is secret. */
async function asProviders<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (error instanceof oauth.AuthorizationResponseError)
      throw new HttpError(403, 'sign-in-refused', `the sign-in was refused: ${error.error}`)
    const said = error instanceof Error ? error.message : String(error)
    const refused = error instanceof oauth.ResponseBodyError || error instanceof oauth.ClientError
    throw new HttpError(refused ? 403 : 502, 'sign-in-failed', `the sign-in failed: ${said}`)
  }
}
