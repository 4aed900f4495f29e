import { afterAll, beforeAll, expect, test } from 'vitest'
import { fill } from '../rig/choose.ts'
import { Web } from '../rig/web.ts'

let web: Web
beforeAll(async () => {
  web = await Web.start()
})
afterAll(() => web[Symbol.asyncDispose]())

const someone = (name: string): string => {
  const { auth } = web.rig.server.context
  return `runwarden-session=${auth.createSession(auth.ensureUser('local', name, name))}`
}

test('who is not signed in is told how, and is back where they wanted to go afterwards', async () => {
  const page = await web.open('/orgs/acme/settings/keys', { as: null })
  await page.sees('heading', 'Sign in to Runwarden')
  await page.until(() => document.body.textContent.includes('runwarden server sign-in --data DIR'))
  await page.checked({ status: 401 })
  const { auth, db } = web.rig.server.context
  const admin = db.get<{ id: string }>('SELECT id FROM users WHERE operator = 1')?.id ?? ''
  await page.go(`${web.url}/v1/sign-in/link?token=${auth.createSignInLink(admin)}`)
  await page.click('button', 'Sign in')
  await page.sees('heading', 'API keys')
})

test('a link that was used says so, and a problem that nobody knows is no text of the address', async () => {
  const used = await web.open('/sign-in?problem=link-used', { as: null })
  await used.until(() => document.querySelector('[role=alert]') !== null)
  expect(await used.run(() => document.querySelector('[role=alert]')?.textContent)).toMatch(
    /^This link has been used/,
  )
  await used.checked({ status: 401 })
  const forged = await web.open('/sign-in?problem=%3Cimg%20src%3Dx%3E', { as: null })
  expect(await forged.run(() => document.body.textContent.includes('<img'))).toBe(false)
})

test('an invitation is a page of the app; who takes it is signed in, and it can be taken once', async () => {
  const { body } = await web.rig.ask('POST', '/v1/orgs/acme/invitations', {
    as: web.rig.acme.keys.admin,
    body: { name: 'invited', role: 'viewer' },
  })
  const path = (body as { url: string }).url.slice(web.url.length)
  const page = await web.open(path, { as: null })
  await page.sees('heading', 'You are invited to Runwarden')
  await page.checked()
  const { headers } = await fetch(web.url + path, { headers: { accept: 'text/html' } })
  expect(headers.get('content-security-policy')).toContain("script-src 'self'; style-src 'self'")
  await page.click('button', 'Take the invitation')
  await page.sees('link', 'Repositories')
  expect(await page.run(() => location.pathname)).toBe('/orgs/acme')
  expect(await page.names('combobox')).not.toContain('Organisation')
  const again = await web.open(path, { as: null })
  await again.until(() => document.querySelector('[role=alert]') !== null)
  expect(await again.run(() => document.querySelector('[role=alert]')?.textContent)).toMatch(
    /^This link has been used/,
  )
})

test('a member of nothing is told whom to ask', async () => {
  const page = await web.open('/', { as: someone('nobody here knows') })
  await page.until(() => document.body.textContent.includes('You are in no organisation'))
  await page.checked()
})

test('the administrator of an empty server is told what to do first, and does it', async () => {
  web.rig.server.context.db.run('DELETE FROM organisations')
  const page = await web.open('/')
  await page.sees('heading', 'This server is empty')
  await page.checked()
  await fill(page, 'Owner of the repositories', 'first-owner')
  await page.click('button', 'Add it')
  await page.until(() => location.pathname === '/orgs/first-owner')
})
