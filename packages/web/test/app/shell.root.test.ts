import { afterAll, beforeAll, expect, test } from 'vitest'
import { Web } from '../rig/web.ts'

let web: Web
beforeAll(async () => {
  web = await Web.start()
})
afterAll(() => web[Symbol.asyncDispose]())

/** A session of the server's administrator. */
function newSession(): string {
  const { auth, db } = web.rig.server.context
  const admin = db.get<{ id: string }>('SELECT id FROM users WHERE operator = 1')
  return auth.createSession(admin?.id ?? '')
}

const runs = '/github/acme/app/actions/runs/4101'

test('who is not signed in is told how, and is back where they wanted to go afterwards', async () => {
  const page = await web.open(runs, { as: null })
  expect(await page.names('heading')).toEqual(['Sign in to Runwarden'])
  await page.until(() => document.body.innerText.includes('runwarden server sign-in'))
  await page.checked({ status: 401 })
  const { newSignInUrl } = await import('../../../server/src/auth/sign-in-url.ts')
  await page.go(newSignInUrl(web.rig.server.context, { onlyFirst: false }) ?? '')
  await page.click('button', 'Sign in')
  await page.until((path) => location.pathname === path, runs)
  await page.settled()
})

test('a link that was used says so', async () => {
  const page = await web.open('/sign-in?problem=link-used', { as: null })
  expect(await page.names('alert')).toHaveLength(1)
  expect(await page.run(() => document.querySelector('[role=alert]')?.textContent)).toBe(
    'This link has been used, or is too old. Ask for a new one.',
  )
})

test('a session that ends in the middle of work costs nothing of what is on the page', async () => {
  const session = newSession()
  const id = await web.job('4101', 'build')
  const page = await web.open(`${runs}/jobs/${id}?tab=dns`, { as: `x=${session}` })
  web.rig.server.context.auth.endSession(session)
  await page.click('link', /^Data quality/)
  await page.until(() => document.querySelector('.banner') !== null)
  expect(await page.run(() => document.querySelector('.banner')?.textContent)).toContain(
    'Your session has ended. What is on this page stays.',
  )
  expect(await page.run(() => document.querySelector('h1')?.textContent)).toBe('build')
  await page.cookie('runwarden-session', newSession())
  await page.click('button', 'Go on')
  await page.until(
    () =>
      document.querySelector('.banner') === null && document.querySelector('.tab table') !== null,
  )
})

test('keys go to places; a new page has the focus at its top, and is announced', async () => {
  const page = await web.open(runs)
  for (const key of ['g', 'd']) await page.press(key)
  await page.until(() => location.pathname.endsWith('/detections'))
  // The address changes first, then what is drawn.
  await page.until(() => document.title.includes('Detections'))
  await page.settled()
  expect(await page.run(() => document.activeElement?.id)).toBe('content')
  expect(await page.run(() => document.getElementById('announced')?.textContent)).toContain(
    'Detections',
  )
  await page.press('?')
  await page.sees('dialog', 'Keys')
})

test('a letter without g goes nowhere, however new the page is', async () => {
  const page = await web.open(runs)
  const pressed = (key: string) =>
    page.run((of) => {
      const event = new KeyboardEvent('keydown', { key: of, bubbles: true, cancelable: true })
      Object.defineProperty(event, 'timeStamp', { value: 5 })
      return document.dispatchEvent(event) ? 'left alone' : 'taken'
    }, key)
  expect(await pressed('d')).toBe('left alone')
  await pressed('g')
  expect(await pressed('d')).toBe('taken')
})

test('the theme is what was chosen, and is kept', async () => {
  const page = await web.open(runs)
  const ground = () => page.run(() => getComputedStyle(document.documentElement).backgroundColor)
  const light = await ground()
  await page.run(() => document.querySelector('.person')?.setAttribute('open', ''))
  await page.click('button', 'dark')
  expect(await ground()).not.toBe(light)
  await page.go(web.url + runs)
  await page.settled()
  expect(await page.run(() => document.documentElement.dataset['theme'])).toBe('dark')
})

test('there is no such page', async () => {
  const page = await web.open('/orgs/acme/none')
  expect(await page.names('heading')).toEqual(['There is no such page'])
  await page.checked()
})

test('what a browser loads first is no more than 300 KB', async () => {
  const page = await web.open('/orgs/acme')
  const bytes = await page.run(() =>
    performance
      .getEntriesByType('resource')
      .map((entry) => entry as PerformanceResourceTiming)
      .filter(({ name }) => name.includes('/assets/'))
      .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
  )
  expect(bytes).toBeGreaterThan(50_000)
  expect(bytes).toBeLessThan(300_000)
})
