import { afterAll, beforeAll, expect, test } from 'vitest'
import { jobStart, TestAgent } from '../../../server/test/ingest/test-agent.ts'
import { choose, fill } from '../rig/choose.ts'
import { Web } from '../rig/web.ts'

let web: Web
beforeAll(async () => {
  web = await Web.start()
})
afterAll(() => web[Symbol.asyncDispose]())

const runs = (links: string[]): string[] => links.filter((name) => / #\d+$/.test(name))

test('runs, the newest first, each with its jobs folded away', async () => {
  const page = await web.open('/orgs/acme/runs')
  await page.sees('link', 'Nothing #4300')
  expect(runs(await page.names('link'))).toEqual([
    'Nothing #4300',
    'Worst #4200',
    'CI #4101',
    'CI #4100',
  ])
  await page.checked()
  await page.run(() => {
    for (const one of document.querySelectorAll<HTMLDetailsElement>('.folded')) one.open = true
    return null
  })
  await page.sees('link', 'strings')
  await page.sees('link', 'test')
  await page.checked()
  await page.click('link', 'strings')
  await page.sees('heading', 'strings')
})

test('filters are in the address, and an empty list says that they leave nothing', async () => {
  const page = await web.open('/orgs/acme/runs')
  await choose(page, 'Verdict', 'attack-blocked')
  await page.until(() => location.search === '?verdict=attack-blocked')
  await page.until(() => document.querySelectorAll('.listed tbody tr').length === 1)
  expect(runs(await page.names('link'))).toEqual(['CI #4101'])
  await choose(page, 'Mode', 'block')
  await choose(page, 'State', 'finished')
  await choose(page, 'Severity', 'critical')
  await choose(page, 'Started within', '7 days')
  await fill(page, 'Branch', 'main')
  await page.press('Enter')
  await fill(page, 'Repository', 'ACME/app')
  await page.press('Enter')
  await page.until(() => new URLSearchParams(location.search).get('repository') === 'ACME/app')
  await page.sees('link', 'CI #4101')
  await choose(page, 'State', 'running')
  await page.until(() => document.querySelector('.nothing')?.textContent === 'No run is like that.')
  await page.checked()
  await page.click('button', 'Clear filters')
  await page.until(() => location.search === '')
  await page.sees('link', 'CI #4100')
})

test('a run is on the list a moment after its first job has started', async () => {
  const page = await web.open('/orgs/acme/runs?repository=acme/live')
  await page.sees('button', 'Clear filters')
  const agent = new TestAgent(web.url)
  await agent.start(
    web.rig.acme.keys.agent,
    jobStart({ repository: 'acme/live', workflow: '<b>\u202eevil</b>', runId: '5001' }),
  )
  await page.sees('link', String.raw`<b>\u{202e}evil</b> #5001`)
  await page.checked()
})

test('a run: its facts, and its jobs', async () => {
  const page = await web.open('/github/acme/app/actions/runs/4101')
  await page.sees('heading', 'CI #4101')
  await page.sees('link', 'build')
  await page.sees('link', 'test')
  await page.checked()
  await page.click('link', 'build')
  await page.sees('heading', 'build')
})

test('a run that nothing is known of says so', async () => {
  const page = await web.open('/github/acme/app/actions/runs/99')
  await page.sees('heading', 'Nothing is known of run 99')
  await page.checked()
  await page.click('link', 'Other runs of the repository')
  await page.sees('heading', 'acme/app')
})

test('repositories, with their last runs and how they are protected', async () => {
  const page = await web.open('/orgs/acme/repositories')
  await page.sees('link', 'acme/app')
  await page.checked()
  await fill(page, 'Name', 'hostile')
  await page.press('Enter')
  await page.until(() => document.querySelectorAll('.listed tbody tr').length === 1)
  await fill(page, 'Name', 'there is none')
  await page.press('Enter')
  await page.until(
    () =>
      document.querySelector('.nothing')?.textContent === 'No repository’s name has this in it.',
  )
})

test('a repository: its runs, where its jobs go, its policies', async () => {
  const { rig } = web
  const asked = { as: rig.acme.keys.editor }
  await rig.ask('PUT', '/v1/orgs/acme/policies/strict', {
    ...asked,
    body: { text: 'version: 1\negress: block\n', note: 'test' },
  })
  const page = await web.open('/github/acme/app/actions')
  await page.sees('heading', 'Policies of the store')
  await page.sees('link', 'CI #4101')
  await page.sees('link', 'registry.example.org')
  await page.checked()
  await page.click('link', 'registry.example.org')
  await page.sees('heading', 'Destinations')
})

test('a repository that nothing is known of says so', async () => {
  const page = await web.open('/github/acme/none/actions')
  await page.sees('heading', 'Nothing is known of acme/none')
  await page.checked()
})

test('somebody of another organisation sees nothing of it', async () => {
  const { auth } = web.rig.server.context
  const id = auth.ensureUser('local', 'stranger', 'stranger')
  auth.setMember(web.rig.other.id, id, 'admin')
  const page = await web.open('/orgs/acme/runs', {
    as: `runwarden-session=${auth.createSession(id)}`,
  })
  await page.until(() => /You may not see this|It is not there/.test(document.body.textContent))
  expect(await page.names('link')).not.toContain('CI #4101')
})
