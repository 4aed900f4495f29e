import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Page } from '../page.ts'
import { choose, fill } from '../rig/choose.ts'
import { Web } from '../rig/web.ts'
import { writePolicy } from '../rig/write-policy.ts'

let web: Web
beforeAll(async () => {
  web = await Web.start()
})
afterAll(() => web[Symbol.asyncDispose]())

const hostile = '<img src=x onerror=alert(1)>\u202egpj'

const says = (page: Page, text: string): Promise<void> =>
  page.until((wanted) => document.body.textContent.includes(wanted), text)

test('a policy is written with what is wrong said as one types, tried on recorded runs, and saved', async () => {
  const page = await web.open('/orgs/acme/policies')
  await says(page, 'acme has no policy in the store')
  await page.checked()
  await page.click('link', 'New policy')
  await page.sees('heading', 'New policy')
  await page.sees('textbox', 'Policy, YAML')
  await says(page, 'This is a policy.')
  await page.checked()

  await writePolicy(page, 'version: 1\negres: block\nallow: []')
  await says(page, 'did you mean egress?')
  await page.until(
    () => document.querySelector('form[aria-label=Save] button')?.matches(':disabled') === true,
  )
  await writePolicy(page, 'version: 1\negress: block\nallow: [registry.example.org]')
  await says(page, 'This is a policy.')

  await page.click('button', 'Simulate')
  await says(page, 'would have blocked')
  await page.checked({ status: 400 })

  await fill(page, 'Name', 'release')
  await page.click('button', 'Save the policy')
  await page.sees('heading', 'Where it holds')
  await page.checked({ status: 400 })
})

test('a policy is attached and detached, and holds for jobs at once', async () => {
  const page = await web.open('/orgs/acme/policies/release?tab=attachments')
  await fill(page, 'Repository', 'acme/app')
  await page.click('button', 'Attach it')
  await page.sees('button', 'Detach from acme/app')
  const effective = await web.rig.ask(
    'GET',
    '/v1/orgs/acme/effective-policies?repository=acme/app&workflow=CI&job=build',
    { as: web.rig.acme.keys.viewer },
  )
  expect(effective.body).toMatchObject({ items: [{ level: 'repository', name: 'release' }] })
  await choose(page, 'Hold for', 'job')
  await fill(page, 'Workflow', 'CI')
  await fill(page, 'Job', 'build')
  await page.click('button', 'Attach it')
  await page.sees('button', 'Detach from acme/app CI build')
  await choose(page, 'Hold for', 'workflow')
  await page.click('button', 'Attach it')
  await page.sees('button', 'Detach from acme/app CI')
  await page.checked()
  await page.click('button', 'Detach from acme/app')
  await page.click('button', 'Detach')
  await page.until(() => document.querySelectorAll('tbody tr').length === 2)
})

test('another version is saved with its reason, and stands in the history with what it changed', async () => {
  const page = await web.open('/orgs/acme/policies/release')
  await says(page, 'Nothing is changed.')
  await page.checked()
  await writePolicy(
    page,
    'version: 1\negress: block\nallow: [registry.example.org, api.example.com]',
  )
  await fill(page, 'Reason of the change', hostile)
  await says(page, 'This is a policy.')
  await page.click('button', 'Save as version 2')
  await says(page, 'Version 2')
  await page.click('link', 'History')
  await page.sees('heading', /^Version 2/)
  expect(
    await page.run(() =>
      [...document.querySelectorAll('.diff .added')].map(({ textContent }) => textContent),
    ),
  ).toContain('+allow: [registry.example.org, api.example.com]')
  expect(await page.run(() => document.querySelector('main img'))).toBe(null)
  await page.checked()
  await page.click('link', 'Open version 1 in the editor')
  await says(page, 'This is version 1; the newest is 2.')
  await page.checked()
})

test('hosts that jobs have reached are offered as one types', async () => {
  const page = await web.open('/orgs/acme/policies/release')
  await page.sees('textbox', 'Policy, YAML')
  await writePolicy(page, 'version: 1\nallow:\n  - api')
  await page.sees('option', /^api\.example\.com/)
})

test('who saves upon another’s version is told, and loses nothing', async () => {
  const page = await web.open('/orgs/acme/policies/release')
  await page.sees('textbox', 'Policy, YAML')
  await web.rig.ask('PUT', '/v1/orgs/acme/policies/release', {
    as: web.rig.acme.keys.editor,
    body: { text: 'version: 1\negress: audit\n', reason: 'meanwhile' },
  })
  await writePolicy(page, 'version: 1\negress: block\nallow: []')
  await fill(page, 'Reason of the change', 'mine')
  await says(page, 'This is a policy.')
  await page.click('button', /^Save as version/)
  await says(page, 'Somebody has saved another version meanwhile.')
  await page.checked({ status: 409 })
})

test('a policy that holds somewhere is not deleted; one that holds nowhere is', async () => {
  const page = await web.open('/orgs/acme/policies/release')
  await page.sees('button', 'Delete release')
  await page.click('button', 'Delete release')
  await page.click('button', 'Delete')
  await page.until(() => document.querySelector('[role=alert]') !== null)
  const { db } = web.rig.server.context
  db.run('DELETE FROM policy_attachments')
  await page.click('button', 'Delete release')
  await page.click('button', 'Delete')
  await says(page, 'acme has no policy in the store')
})

test('a recommendation of what a repository reached is where a policy can begin', async () => {
  const page = await web.open('/orgs/acme/new-policy?repository=acme/app')
  await page.click('button', 'Fill in the recommendation')
  await page.until(
    () =>
      document
        .querySelector('.editor')
        ?.shadowRoot?.textContent?.includes('registry.example.org') === true,
  )
  await page.checked()
})
