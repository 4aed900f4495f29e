import { afterAll, beforeAll, expect, test } from 'vitest'
import { choose, fill } from '../rig/choose.ts'
import { Web } from '../rig/web.ts'

let web: Web
beforeAll(async () => {
  web = await Web.start()
})
afterAll(() => web[Symbol.asyncDispose]())

test('where jobs went, narrowed by verdict, kind and name', async () => {
  const page = await web.open('/orgs/acme/destinations')
  await page.sees('link', 'stealer.example.net')
  await page.checked()
  await choose(page, 'Verdict', 'attack-blocked')
  await page.until(() => document.querySelectorAll('.listed tbody tr').length === 1)
  await page.click('button', 'Clear filters')
  await page.until(() => location.search === '')
  await page.click('button', 'Addresses')
  await page.sees('link', '203.0.113.66')
  await page.click('button', 'Hosts')
  await page.until(() => location.search === '')
  await page.click('button', 'New in this time')
  await page.until(() => location.search === '?new=true')
  await fill(page, 'Name or address', 'nothing.has.this')
  await page.press('Enter')
  await page.until(
    () => document.querySelector('.nothing')?.textContent.includes('is like that') === true,
  )
})

test('a destination: the jobs that had to do with it, and the block list', async () => {
  const page = await web.open('/orgs/acme/destinations')
  await page.click('link', 'telemetry.example.net')
  await page.sees('heading', 'Jobs of the last 7 days')
  await page.sees('link', 'build')
  await page.sees('button', 'Copy as a line of a policy')
  await page.checked()
  await page.click('button', 'Add to block list…')
  await page.sees('heading', 'Add to the block list')
  await page.checked()
  await fill(page, 'Reason: jobs’ reports say it', 'not ours')
  await page.click('button', 'Add to block list')
  await page.sees('link', 'block list')
  const { body } = await web.rig.ask('GET', '/v1/orgs/acme/blocklist/entries', {
    as: web.rig.acme.keys.viewer,
  })
  expect(body).toMatchObject({
    items: expect.arrayContaining([
      expect.objectContaining({ value: 'telemetry.example.net', reason: 'not ours' }),
    ]),
  })
  await page.click('link', 'Close')
  await page.until(() => location.search === '')
})

test('search: jobs that had to do with a host, a program, a call', async () => {
  const page = await web.open('/orgs/acme/search')
  await page.sees('heading', 'What can be looked for')
  await page.checked()
  await page.focus('searchbox', 'Which')
  await page.type('registry.example.org')
  await page.press('Enter')
  await page.click('button', 'Search')
  await page.until(() => location.search === '?host=registry.example.org')
  await page.until(() => document.querySelectorAll('.listed tbody tr').length === 2)
  await page.checked()
  await page.go(`${web.url}/orgs/acme/search?exe=curl`)
  await page.until(() => document.querySelectorAll('.listed tbody tr').length >= 3)
  await page.go(`${web.url}/orgs/acme/search?host=a*b`)
  await page.until(() => document.querySelector('[role=alert]') !== null)
  expect(await page.run(() => document.querySelector('[role=alert]')?.textContent)).toContain(
    'This can’t be looked for',
  )
  await page.go(`${web.url}/orgs/acme/search?host=%3Cscript%3E.example`)
  await page.until(
    () => document.querySelector('.nothing')?.textContent.includes('<script>') === true,
  )
})

test('a baseline: its state, its destinations, the policy that follows with its evidence', async () => {
  const page = await web.open('/orgs/acme/baselines')
  await page.sees('heading', 'Recommended policy')
  await page.until(() => document.querySelector('.snippet') !== null)
  await page.sees('link', 'registry.example.org')
  await page.checked()
  await fill(page, 'Repository', 'acme/app')
  await page.press('Enter')
  await page.until(() => location.search === '?repository=acme%2Fapp')
  await page.until(() => document.querySelectorAll('.filters input').length === 3)
  await fill(page, 'Workflow', 'CI')
  await page.press('Enter')
  await page.until(() => document.body.textContent.includes('Workflow and job go together'))
  await fill(page, 'Job', 'build')
  await page.press('Enter')
  await page.sees('link', 'build of CI of acme/app')
  await choose(page, 'Days back', '30')
  await page.until(() => location.search.includes('days=30'))
  await page.checked()
  await page.click('button', 'Clear')
  await page.until(() => location.search === '')
})

test('a repository without finished jobs has no baseline yet, and says so', async () => {
  const page = await web.open('/orgs/acme/baselines?repository=acme/none')
  await page.sees('heading', 'No job of this has finished')
  await page.checked()
})

test('installations: ready snippets for each kind of runner, and the agents that were heard', async () => {
  const page = await web.open('/orgs/acme/installations')
  await page.sees('link', 'runner-7')
  const snippet = () => page.run(() => document.querySelector('.snippet')?.textContent ?? '')
  expect(await snippet()).toContain(`server-url: ${web.url}`)
  await page.checked()
  for (const kind of [
    'Custom image',
    'VM for one job',
    'Bare metal',
    'Third-party runners',
    'Other CI',
  ]) {
    await page.click('link', kind)
    await page.sees('heading', kind)
    expect(await page.run(() => document.querySelectorAll('.snippet').length)).toBeGreaterThan(0)
  }
  expect(await snippet()).toContain(`--server ${web.url}`)
  await page.click('link', 'ARC')
  await page.until(() => document.body.textContent.includes('not there yet'))
  await page.checked()
})
