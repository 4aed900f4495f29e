import { expect, test } from 'vitest'
import { ServerRig } from './server-rig.ts'

const cookie = (answer: { headers: Headers }): string =>
  answer.headers.get('set-cookie')?.split(';')[0] ?? ''

/** A form of another site. */
const elsewhere = { headers: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' } }
const otherOrigin = { status: 403, body: { error: { code: 'other-origin' } } }

test('the first start gives a link, which signs its administrator in once', async () => {
  await using rig = await ServerRig.start()
  const path = rig.server.signInUrl?.slice(rig.url.length) ?? ''
  expect(path).toMatch(/^\/v1\/sign-in\/link\?token=rwl_[\w-]{43}$/)

  // What looks at the link first takes nothing, and no other site signs anybody in.
  const page = await rig.ask('GET', path)
  expect(page.status).toBe(200)
  expect(page.body).toContain('<form method="post">')
  // Without it a browser calls the form's origin null.
  expect(page.headers.get('referrer-policy')).toBe('same-origin')
  expect(await rig.ask('POST', path, elsewhere)).toMatchObject(otherOrigin)

  const first = await rig.ask('POST', path, { headers: { origin: rig.url } })
  expect(first).toMatchObject({ status: 303 })
  expect(first.headers.get('set-cookie')).toMatch(
    /^runwarden-session=rws_[\w-]{43}; Path=\/; Max-Age=604800; HttpOnly; SameSite=Lax$/,
  )
  expect(await rig.ask('GET', '/v1/me', { headers: { cookie: cookie(first) } })).toMatchObject({
    status: 200,
    body: {
      kind: 'user',
      name: 'admin',
      operator: true,
      organisations: [{ name: 'acme' }, { name: 'other' }],
    },
  })
  for (const method of ['GET', 'POST'])
    expect(await rig.ask(method, path, { headers: { origin: rig.url } })).toMatchObject({
      status: 410,
      body: { error: { code: 'link-used' } },
    })
})

test('a session ends by sign-out, and with its time', async () => {
  let now = Date.now()
  await using rig = await ServerRig.start({}, { clock: () => now })
  const me = { headers: { cookie: rig.cookie } }
  expect(await rig.ask('GET', '/v1/me', me)).toMatchObject({ status: 200 })
  now += 7 * 24 * 3_600_000
  expect(await rig.ask('GET', '/v1/me', me)).toMatchObject({ status: 401 })

  const { auth } = rig.server.context
  const again = `runwarden-session=${auth.createSession(auth.ensureUser('local', 'admin', 'admin'))}`
  const headers = { cookie: again, origin: rig.url }
  expect(await rig.ask('POST', '/v1/sign-out', { headers })).toMatchObject({ status: 204 })
  expect(await rig.ask('GET', '/v1/me', { headers })).toMatchObject({ status: 401 })
})

test('a session changes something only from the server’s own pages', async () => {
  await using rig = await ServerRig.start()
  const post = (headers: Record<string, string>) =>
    rig.ask('POST', '/v1/orgs', {
      body: { name: 'third' },
      headers: { cookie: rig.cookie, ...headers },
    })
  for (const headers of [
    {},
    { origin: 'http://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
  ])
    expect(await post(headers as Record<string, string>)).toMatchObject({
      status: 403,
      body: { error: { code: 'other-origin' } },
    })
  expect(await post({ origin: rig.url })).toMatchObject({ status: 200, body: { name: 'third' } })
})

test('an invitation makes who opens it first a member, with its role and no other', async () => {
  await using rig = await ServerRig.start()
  const made = await rig.ask('POST', '/v1/orgs/acme/invitations', {
    as: rig.acme.keys.admin,
    body: { name: 'octocat', role: 'viewer' },
  })
  expect(made).toMatchObject({ status: 200 })
  const path = (made.body as { url: string }).url.slice(rig.url.length)
  // What looks at the link first takes nothing.
  const page = await rig.ask('GET', path)
  expect(page.status).toBe(200)
  expect(page.headers.get('content-type')).toMatch('text/html')
  expect(page.headers.get('referrer-policy')).toBe('same-origin')
  expect(await rig.ask('POST', path, elsewhere)).toMatchObject(otherOrigin)
  const form = { 'content-type': 'application/x-www-form-urlencoded', origin: rig.url }
  const opened = await rig.ask('POST', path, { rawBody: '', headers: form })
  expect(opened.status).toBe(303)
  const headers = { cookie: cookie(opened), origin: rig.url }
  expect(await rig.ask('GET', '/v1/me', { headers })).toMatchObject({
    body: { name: 'octocat', operator: false, organisations: [{ name: 'acme', role: 'viewer' }] },
  })
  expect(await rig.ask('GET', '/v1/orgs/acme/members', { headers })).toMatchObject({
    status: 200,
    body: { items: [{ name: 'octocat', issuer: 'local', role: 'viewer' }], next: null },
  })
  expect(await rig.ask('GET', '/v1/orgs/other/members', { headers })).toMatchObject({ status: 404 })
  const body = { name: 'mine', role: 'admin' }
  expect(await rig.ask('POST', '/v1/orgs/acme/keys', { headers, body })).toMatchObject({
    status: 403,
  })
  expect(await rig.ask('GET', path)).toMatchObject({ status: 410 })

  expect(await rig.ask('GET', '/v1/orgs/acme/audit', { as: rig.acme.keys.admin })).toMatchObject({
    body: {
      items: [
        { actor: 'user octocat', action: 'member.join', detail: { role: 'viewer' } },
        {
          actor: 'key admin',
          action: 'member.invite',
          subject: 'octocat',
          detail: { role: 'viewer' },
        },
      ],
    },
  })
})
