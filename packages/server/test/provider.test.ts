import { afterEach, beforeEach, expect, test } from 'vitest'
import { FakeIssuer } from './fake-issuer.ts'
import { type Answer, ServerRig } from './server-rig.ts'

let issuer: FakeIssuer
beforeEach(async () => {
  issuer = await FakeIssuer.start()
})
afterEach(() => issuer[Symbol.asyncDispose]())

const client = { signInClientId: 'client', signInClientSecret: 'client secret' }
const openId = () => ServerRig.start({ ...client, signInIssuer: issuer.url })
const github = () =>
  ServerRig.start({
    ...client,
    signInIssuer: 'github',
    signInUrl: issuer.url,
    signInApi: issuer.url,
  })

const cookieOf = ({ headers }: Answer, name: string): string =>
  headers
    .getSetCookie()
    .find((one) => one.startsWith(`${name}=`))
    ?.split(';')[0] ?? ''

/** Goes to the provider, as a browser does, and comes back as `change` says. */
async function signIn(
  rig: ServerRig,
  path = '/v1/sign-in',
  change: (back: URLSearchParams) => void = () => {},
): Promise<Answer> {
  const gone = await rig.ask('GET', path)
  if (gone.status !== 303) return gone
  const to = new URL(gone.headers.get('location') ?? '')
  issuer.nonce = to.searchParams.get('nonce')
  const back = new URLSearchParams({ code: 'code', state: to.searchParams.get('state') ?? '' })
  change(back)
  return rig.ask('GET', `/v1/sign-in/callback?${back.toString()}`, {
    headers: { cookie: cookieOf(gone, 'runwarden-sign-in') },
  })
}

async function invite(rig: ServerRig, name = 'somebody'): Promise<string> {
  const made = await rig.ask('POST', '/v1/orgs/acme/invitations', {
    as: rig.acme.keys.admin,
    body: { name, role: 'editor' },
  })
  return (made.body as { url: string }).url.slice(rig.url.length)
}

test.for([
  ['an OpenID provider', openId, '/token', { sub: 'p1', preferred_username: 'octocat' }],
  ['GitHub’s OAuth', github, '/login/oauth/access_token', { id: 583_231, login: 'octocat' }],
] as const)(
  '%s: who was invited signs in there, and again without an invitation',
  async ([, start, token, person]) => {
    issuer.person = person
    await using rig = await start()
    expect(await signIn(rig)).toMatchObject({
      status: 403,
      body: { error: { code: 'not-invited' } },
    })

    const path = await invite(rig)
    const first = await signIn(rig, path)
    expect(first).toMatchObject({ status: 303 })
    expect(issuer.asked).toContain(`POST ${token}`)
    expect(Object.fromEntries(issuer.lastCode ?? [])).toMatchObject({
      grant_type: 'authorization_code',
      code: 'code',
      redirect_uri: `${rig.url}/v1/sign-in/callback`,
      code_verifier: expect.stringMatching(/^[\w-]{43}$/),
    })
    expect(await signIn(rig, path)).toMatchObject({ status: 410 })

    for (const answer of [first, await signIn(rig)]) {
      const cookie = cookieOf(answer, 'runwarden-session')
      expect(await rig.ask('GET', '/v1/me', { headers: { cookie } })).toMatchObject({
        body: {
          name: 'octocat',
          operator: false,
          organisations: [{ name: 'acme', role: 'editor' }],
        },
      })
    }
  },
)

const deny = (back: URLSearchParams): void => {
  back.delete('code')
  back.set('error', 'access_denied')
}
const replay = (): void => {
  issuer.nonce = 'another'
}

test('what comes back for another sign-in, or was refused there, signs nobody in', async () => {
  await using rig = await openId()
  await signIn(rig, await invite(rig))
  expect(await signIn(rig)).toMatchObject({ status: 303 })

  expect(await signIn(rig, '/v1/sign-in', (back) => back.set('state', 'other'))).toMatchObject({
    status: 403,
  })
  expect(await signIn(rig, '/v1/sign-in', deny)).toMatchObject({
    status: 403,
    body: { error: { code: 'sign-in-refused', message: 'the sign-in was refused: access_denied' } },
  })
  // Another's token, for another sign-in of theirs.
  expect(await signIn(rig, '/v1/sign-in', replay)).toMatchObject({ status: 403 })
  expect(await rig.ask('GET', '/v1/sign-in/callback?code=c&state=s')).toMatchObject({
    status: 400,
    body: { error: { code: 'no-sign-in' } },
  })
})

test('a name that changes hands gives nobody another’s rights', async () => {
  await using rig = await github()
  issuer.person = { id: 1, login: 'octocat' }
  expect(await signIn(rig, await invite(rig))).toMatchObject({ status: 303 })
  issuer.person = { id: 2, login: 'octocat' }
  expect(await signIn(rig)).toMatchObject({ status: 403, body: { error: { code: 'not-invited' } } })
})

test('a provider that is down, or none at all', async () => {
  await using without = await ServerRig.start()
  expect(await signIn(without)).toMatchObject({
    status: 404,
    body: { error: { code: 'no-provider' } },
  })
  await using rig = await ServerRig.start({ ...client, signInIssuer: 'http://127.0.0.1:1' })
  const failed = await signIn(rig)
  expect(failed).toMatchObject({ status: 502, body: { error: { code: 'sign-in-failed' } } })
  expect(JSON.stringify(failed.body)).not.toContain('client secret')
})
