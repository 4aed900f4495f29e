import { afterAll, beforeAll, expect, test } from 'vitest'
import { choose, fill } from '../rig/choose.ts'
import { Web } from '../rig/web.ts'
import { writePolicy } from '../rig/write-policy.ts'

let web: Web
beforeAll(async () => {
  web = await Web.start()
})
afterAll(() => web[Symbol.asyncDispose]())

/** As the server has it, for its administrator. */
const asked = async (path: string): Promise<unknown> => {
  const { body } = await web.rig.ask('GET', path, { headers: { cookie: web.rig.cookie } })
  return body
}

test('what is blocked in all organisations is added and removed by the server’s administrator', async () => {
  const page = await web.open('/orgs/acme/block-list')
  await page.click('link', 'What is blocked in all organisations')
  await page.until(() => location.pathname === '/server/block-list')
  await page.until(() => document.body.textContent.includes('The server has no entries of its own'))
  await page.checked()
  await fill(page, 'Name or address', 'evil.example')
  await fill(page, 'Reason', 'serves miners')
  await page.click('button', 'Block it')
  await page.sees('button', 'Remove evil.example')
  expect(await asked('/v1/blocklist')).toMatchObject({
    domains: [{ value: 'evil.example', reason: 'serves miners' }],
  })
  await page.checked()
  await page.click('button', 'Remove evil.example')
  await page.click('button', 'Remove')
  await page.until(() => document.body.textContent.includes('The server has no entries of its own'))
  expect(await asked('/v1/blocklist')).toMatchObject({ domains: [] })
})

test('a feed of the server is followed and unfollowed', async () => {
  const page = await web.open('/server/block-list')
  await fill(page, 'Name of the feed', 'everywhere')
  await fill(page, 'Address', 'http://127.0.0.1:1/list.json')
  await choose(page, 'Believed by', 'sha256')
  await fill(page, 'SHA-256', '0'.repeat(64))
  await page.click('button', 'Follow it')
  await page.sees('button', 'Unfollow everywhere')
  await page.click('button', 'Fetch now: everywhere')
  await page.click('button', 'Unfollow everywhere')
  await page.click('button', 'Unfollow')
  await page.until(() => document.body.textContent.includes('No feed is followed'))
})

test('a policy of the server is written, attached to all jobs, read in its history, and taken away', async () => {
  const page = await web.open('/server')
  await page.click('link', 'Policies')
  await page.until(() =>
    document.body.textContent.includes('The server has no policy in the store'),
  )
  await page.checked()
  await page.click('link', 'New policy')
  await page.sees('textbox', 'Policy, YAML')
  await page.until(() => document.body.textContent.includes('This is a policy.'))
  await page.checked()
  await writePolicy(page, 'version: 1\negres: block\nallow: []')
  await page.until(() => document.body.textContent.includes('did you mean egress?'))
  expect(page.requests.some((url) => url.endsWith('/v1/server/policy-checks'))).toBe(true)
  await page.until(
    () => document.querySelector('form[aria-label=Save] button')?.matches(':disabled') === true,
  )
  await writePolicy(page, 'version: 1\negress: audit\nallow: [registry.example.org]')
  await page.until(() => document.body.textContent.includes('This is a policy.'))
  await page.click('button', 'Simulate')
  await page.until(() => document.querySelector('output.shown-once') !== null)
  await fill(page, 'Name', 'floor')
  await page.click('button', 'Save the policy')
  await page.sees('heading', 'Where it holds')
  await page.click('button', 'Attach it')
  await page.sees('button', 'Detach from all organisations')
  expect(await asked('/v1/server/policy-attachments')).toMatchObject({
    items: [{ policy: 'floor', level: 'cluster' }],
  })
  // It is what a job of any organisation gets that has none of its own.
  expect(
    await asked('/v1/orgs/acme/effective-policies?repository=acme/app&workflow=CI&job=build'),
  ).toMatchObject({ items: [{ level: 'cluster' }] })
  await page.checked({ status: 400 })
  await page.click('link', 'History')
  await page.sees('heading', /^Version 1/)
  await page.click('link', 'Where it holds')
  await page.sees('button', 'Detach from all organisations')
  await page.click('button', 'Detach from all organisations')
  await page.click('button', 'Detach')
  await page.until(() => document.body.textContent.includes('It holds nowhere'))
  await page.click('link', 'Document')
  await page.sees('button', 'Delete floor')
  await page.click('button', 'Delete floor')
  await page.click('button', 'Delete')
  await page.until(() => location.pathname === '/server/policies')
})

test('organisations of the server are listed, and its own audit log tells what was done', async () => {
  const page = await web.open('/server')
  await page.sees('link', 'acme')
  await page.checked()
  await page.click('link', 'Audit log')
  await page.until(() => document.body.textContent.includes('block-list.add'))
  await page.checked()
  await choose(page, 'Organisation', 'acme')
  await page.until(() => location.pathname === '/orgs/acme')
  await choose(page, 'Organisation', '/')
  await page.until(() => location.pathname === '/server')
  await page.sees('heading', 'Add one')
  await fill(page, 'Owner of the repositories', 'third')
  await page.click('button', 'Add it')
  await page.until(() => location.pathname === '/orgs/third')
})

test('who does not administer the server sees no way to it, and nothing of it', async () => {
  const { auth } = web.rig.server.context
  const id = auth.ensureUser('local', 'member', 'member')
  auth.setMember(web.rig.acme.id, id, 'admin')
  const as = `runwarden-session=${auth.createSession(id)}`
  const own = await web.open('/orgs/acme/block-list', { as })
  await own.sees('heading', 'Block list')
  expect(await own.names('link')).not.toContain('What is blocked in all organisations')
  expect(await own.names('combobox')).not.toContain('Organisation')
  for (const path of ['/server/block-list', '/server/policies', '/server/audit']) {
    const page = await web.open(path, { as })
    await page.until(() => /You may not see this/.test(document.body.textContent))
    await page.checked({ status: 403 })
  }
  const page = await web.open('/server', { as })
  await page.until(() => /You may not see this/.test(document.body.textContent))
  expect(await page.names('button')).not.toContain('Add it')
})
