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

const written = (page: Page): Promise<string> =>
  page.run(
    () =>
      document.querySelector('.editor')?.shadowRoot?.querySelector<HTMLElement>('.cm-content')
        ?.innerText ?? '',
  )
const isShown = (page: Page): Promise<null> =>
  page.run(() => {
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))
    return null
  })

test('what is written stays when somebody else saves, when the session ends, and until one says to leave', async () => {
  const path = '/v1/orgs/acme/policies/release'
  const save = async (reason: string): Promise<number> => {
    const body = { text: `version: 1\negress: audit\n# ${reason}\n`, reason }
    const saved = await web.rig.ask('PUT', path, { as: web.rig.acme.keys.editor, body })
    return (saved.body as { version: number }).version
  }
  const { db, auth } = web.rig.server.context
  const user = db.get<{ id: string }>('SELECT id FROM users WHERE operator = 1')?.id ?? ''
  const session = auth.createSession(user)
  const page = await web.open('/orgs/acme/policies/release', { as: `runwarden-session=${session}` })
  await page.sees('textbox', 'Policy, YAML')
  // Nothing is written: the page goes on with what is the newest. A query is asked again when it is 10 s old.
  await page.run(() => {
    const now = Date.now.bind(Date)
    Date.now = () => now() + Number(document.documentElement.dataset['ahead'] ?? 0)
    document.documentElement.dataset['ahead'] = '20000'
    return null
  })
  const seen = await save('first')
  await isShown(page)
  await says(page, `Version ${seen}`)
  expect(await written(page)).toContain('# first')

  const mine = 'version: 1\negress: block\nallow: []'
  await writePolicy(page, mine)
  await says(page, 'This is a policy.')
  const other = await save('meanwhile')
  await page.run(() => {
    document.documentElement.dataset['ahead'] = '40000'
    return null
  })
  await isShown(page)
  await says(page, `Version ${other} was saved meanwhile by key editor: meanwhile.`)
  expect(await written(page)).toContain(mine)
  await page.checked()

  // The session ends, and goes on.
  auth.endSession(session)
  await fill(page, 'Reason of the change', 'mine')
  await page.click('button', `Save as version ${seen + 1}`)
  await says(page, 'Your session has ended.')
  await page.cookie('runwarden-session', auth.createSession(user))
  await page.click('button', 'Go on')
  await page.until(() => !document.body.textContent.includes('Your session has ended.'))
  expect(await written(page)).toContain(mine)

  // It is not saved over what was not seen.
  await page.click('button', `Save as version ${seen + 1}`)
  await page.until(() => document.querySelector('form[aria-label=Save] [role=alert]') !== null)
  expect(
    await page.run(() => {
      const event = new Event('beforeunload', { cancelable: true })
      window.dispatchEvent(event)
      return event.defaultPrevented
    }),
  ).toBe(true)
  await page.click('link', 'History')
  await page.sees('heading', 'Leave without saving?')
  await page.checked({ status: 40 })
  await page.click('button', 'Stay')
  expect(await written(page)).toContain(mine)
  await page.click('button', `Keep mine, upon version ${other}`)
  await page.click('button', `Save as version ${other + 1}`)
  await says(page, `Version ${other + 1}`)
  await says(page, 'Nothing is changed.')
  await page.click('link', 'History')
  await page.sees('heading', new RegExp(`^Version ${other + 1}`))
})

test('what an older page detaches is what it shows, and what an attachment replaces is said', async () => {
  const as = web.rig.acme.keys.editor
  const body = { text: 'version: 1\negress: block\n', reason: 'x' }
  await web.rig.ask('PUT', '/v1/orgs/acme/policies/strict', { as, body })
  const holds = async (): Promise<string[]> => {
    const { body } = await web.rig.ask('GET', '/v1/orgs/acme/policy-attachments', { as })
    return (body as { items: { level: string; policy: string }[] }).items.flatMap(
      ({ level, policy }) => (level === 'organisation' ? [policy] : []),
    )
  }
  const page = await web.open('/orgs/acme/policies/release?tab=attachments')
  await choose(page, 'Hold for', 'organisation')
  await page.click('button', 'Attach it')
  await page.sees('button', 'Detach from all of acme')
  await says(page, 'It holds there now, where nothing did.')
  const other = await web.open('/orgs/acme/policies/strict?tab=attachments')
  await choose(other, 'Hold for', 'organisation')
  await other.click('button', 'Attach it')
  await says(other, 'It holds there now, in place of release.')
  await page.click('button', 'Detach from all of acme')
  await page.click('button', 'Detach')
  await says(page, 'Somebody has detached it from there meanwhile')
  await page.until(
    () => document.querySelector('button[aria-label="Detach from all of acme"]') === null,
  )
  await page.checked({ status: 404 })
  expect(await holds()).toEqual(['strict'])
  await other.click('button', 'Detach from all of acme')
  await other.click('button', 'Detach')
  await expect.poll(holds).toEqual([])
  await web.rig.ask('DELETE', '/v1/orgs/acme/policies/strict', { as })
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
