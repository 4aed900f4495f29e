import { afterAll, beforeAll, expect, test } from 'vitest'
import { TestAgent } from '../../../server/test/ingest/test-agent.ts'
import { choose, fill } from '../rig/choose.ts'
import { Web } from '../rig/web.ts'

let web: Web
beforeAll(async () => {
  web = await Web.start()
})
afterAll(() => web[Symbol.asyncDispose]())

/** Nothing of it is ever more than text. */
const hostile = '<img src=x onerror=alert(1)>\u202egpj'

/** Somebody with this role, who has signed in. @returns the value for Cookie */
function member(name: string, role: 'viewer' | 'admin'): string {
  const { auth } = web.rig.server.context
  const id = auth.ensureUser('local', name, name)
  auth.setMember(web.rig.acme.id, id, role)
  return `runwarden-session=${auth.createSession(id)}`
}

test('keys are made, shown once with a command that is ready, and revoked', async () => {
  const page = await web.open('/orgs/acme/settings')
  await page.sees('heading', 'API keys')
  await fill(page, 'Name of the key', hostile)
  await choose(page, 'Role', 'agent')
  await page.click('button', 'Make the key')
  await page.sees('button', 'Copy the key')
  const shown = await page.run(() => document.querySelector('.shown-once')?.textContent ?? '')
  const [key = ''] = /rwk_[\w-]{43}/.exec(shown) ?? []
  expect(shown).toContain(`runwarden run --server ${web.url} --api-key ${key} -- make test`)
  expect(web.rig.server.context.auth.byKey(key)).toMatchObject({ name: hostile, role: 'agent' })
  await page.checked()

  // What its jobs lose is said before it is revoked.
  await new TestAgent(web.url).start(key)
  await page.until(
    () =>
      document
        .querySelector('button[aria-label^="Revoke <img"] + dialog')
        ?.textContent.includes(
          '1 job that was started with it and has not ended loses the server, too',
        ) === true,
  )
  await page.click('button', /^Revoke <img/)
  await page.click('button', 'Revoke')
  await page.until(() => !document.body.textContent.includes('onerror=alert(1)'))
  expect(web.rig.server.context.auth.byKey(key)).toBe(undefined)
  expect(await page.run(() => document.querySelector('main img'))).toBe(null)
})

test('members get another role, are invited and taken out', async () => {
  member(hostile, 'viewer')
  const page = await web.open('/orgs/acme/settings/members')
  await page.sees('combobox', /^Role of <img/)
  const name = (await page.names('combobox')).find((one) => one.startsWith('Role of <img')) ?? ''
  const { db } = web.rig.server.context
  const role = () =>
    db.get('SELECT role FROM members JOIN users ON users.id = user_id WHERE name = ?', hostile)
  // Choosing gives nothing yet.
  await choose(page, name, 'admin')
  await page.sees('button', /^Change <img.* from viewer to admin$/)
  await choose(page, name, 'editor')
  await page.click('button', /^Change <img.* from viewer to editor$/)
  expect(role()).toEqual({ role: 'viewer' })
  await page.click('button', 'Change')
  await page.until(() =>
    [...document.querySelectorAll('output')].some(({ textContent }) =>
      textContent.endsWith(' is editor now.'),
    ),
  )
  expect(role()).toEqual({ role: 'editor' })
  await fill(page, 'Who is invited', 'a colleague')
  await choose(page, 'Their role', 'editor')
  await page.click('button', 'Make an invitation')
  await page.sees('button', 'Copy the link')
  await page.sees('button', 'Take back the invitation of a colleague')
  await page.checked()
  await page.click('button', 'Take back the invitation of a colleague')
  await page.click('button', 'Take back')
  await page.until(() => document.body.textContent.includes('No invitation is waiting'))
  await page.click('button', /^Take out <img/)
  await page.click('button', 'Take out')
  await page.until(() => document.querySelector('select[aria-label^="Role of <img"]') === null)
})

test('what was changed is in the audit log, as text', async () => {
  const page = await web.open('/orgs/acme/settings/audit')
  await page.until(() => document.body.textContent.includes('member.remove'))
  expect(await page.run(() => document.querySelector('main img'))).toBe(null)
  await page.checked()
})

test('how long jobs are kept is said, and how that is changed', async () => {
  const page = await web.open('/orgs/acme/settings/retention')
  await page.until(() => document.body.textContent.includes('90 days'))
  await page.sees('button', 'Copy command')
  await page.checked()
})

test('a session elsewhere is ended', async () => {
  const cookie = member('somebody', 'admin')
  member('somebody', 'admin')
  const page = await web.open('/orgs/acme/settings/sessions', { as: cookie })
  await page.sees('button', /^End session/)
  await page.checked()
  await page.click('button', /^End session/)
  await page.until(() => document.querySelectorAll('tbody tr').length === 1)
})

test('a viewer sees who the members are, and nothing to change', async () => {
  const page = await web.open('/orgs/acme/settings', { as: member('a viewer', 'viewer') })
  await page.sees('heading', 'Members')
  expect(await page.names('button')).not.toContain('Make an invitation')
  expect(await page.names('link')).not.toContain('API keys')
  await page.checked()
  const keys = await web.open('/orgs/acme/settings/keys', { as: member('a viewer', 'viewer') })
  await keys.sees('heading', 'You may not see this')
})
