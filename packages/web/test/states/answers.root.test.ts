import { rmSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { jobStart, TestAgent } from '../../../server/test/ingest/test-agent.ts'
import { ServerRig } from '../../../server/test/server-rig.ts'
import { recordedData } from '../rig/recorded.ts'
import { builtApp } from '../rig/web-app.ts'
import { checked, Web } from '../rig/web.ts'

let web: Web
beforeAll(async () => {
  web = await Web.start()
})
afterAll(() => web[Symbol.asyncDispose]())

test('a list that is long in coming says what it is and that it takes long, and can be asked for again', async () => {
  const page = await web.open('/orgs/acme/runs')
  const release = await page.hold('*/v1/orgs/acme/repositories*')
  const asked = () => page.requests.filter((url) => url.includes('/v1/orgs/acme/repositories'))
  await page.click('link', 'Repositories')
  await page.until(
    () => document.querySelector('.skeleton output')?.textContent?.endsWith('…') === true,
  )
  await page.sees('button', 'Ask again')
  expect(await page.run(() => document.querySelector('.skeleton output')?.textContent)).toMatch(
    /^.*repositories.*… This takes longer than usual: the network or the server is slow\.$/i,
  )
  await page.checked({ unanswered: true })
  const before = asked().length
  await page.click('button', 'Ask again')
  await page.until(() => document.querySelector('.skeleton button') === null)
  await release()
  await page.sees('link', 'acme/app')
  expect(asked().length).toBeGreaterThan(before)
})

test('a page that one’s role may not see says what it needs', async () => {
  const { auth } = web.rig.server.context
  const id = auth.ensureUser('local', 'reader', 'reader')
  auth.setMember(web.rig.acme.id, id, 'viewer')
  const page = await web.open('/orgs/acme/settings/keys', {
    as: `runwarden-session=${auth.createSession(id)}`,
  })
  await page.sees('heading', 'You may not see this')
  expect(await page.run(() => document.querySelector('.failure')?.textContent)).toContain(
    'this needs the role admin',
  )
  expect(await page.names('button')).not.toContain('Make the key')
  await page.checked({ status: 403 })
})

test('over a restart of the server pages stay, say that it is away, and go on by themselves', async () => {
  const data = await recordedData()
  const app = await builtApp()
  const first = await ServerRig.start({ data, rateLimit: 0 }, { web: app })
  const { hostname: host, port } = new URL(first.url)
  const { body } = await first.ask('GET', '/v1/orgs/acme/jobs', { as: first.acme.keys.viewer })
  const jobs = (body as { items: { id: string; job: string; runId: string }[] }).items
  const jobOf = (run: string) => jobs.find(({ runId }) => runId === run)?.id ?? ''
  const open = (path: string) =>
    web.browser.openAs(first.url + path, {
      'runwarden-session': first.cookie.split('=')[1] ?? '',
    })
  const runs = await open('/orgs/acme/runs')
  await runs.sees('link', 'Nothing #4300')
  const job = await open(`/github/acme/app/actions/runs/4101/jobs/${jobOf('4101')}?tab=dns`)
  await job.sees('table', 'DNS queries')
  // What the other tabs are made of comes behind the first one.
  await job.until(() =>
    performance.getEntriesByType('resource').some(({ name }) => name.includes('/Health')),
  )
  const deleted = await open(`/github/acme/empty/actions/runs/4300/jobs/${jobOf('4300')}`)
  await deleted.sees('heading', 'nothing')
  await first.server.context.ingest.remove(jobOf('4300'))
  await first[Symbol.asyncDispose]()

  await job.click('link', /^Data quality/)
  for (const page of [runs, job, deleted])
    await page.until(
      () =>
        document.querySelector('.away')?.textContent.startsWith('The server does not answer.') ===
        true,
    )
  for (const page of [runs, job, deleted]) await checked(page, { unanswered: true })
  expect(await job.names('heading')).toContain('Data quality')
  expect(await runs.names('link')).toContain('Nothing #4300')

  await using again = await ServerRig.start(
    { data, rateLimit: 0, listen: { host, port: Number(port) } },
    { web: app },
  )
  for (const page of [runs, job, deleted])
    await page.until(() => document.querySelector('.away') === null)
  await job.sees('table', 'Kernel hooks')
  await deleted.until(
    () =>
      document.querySelector('.stale')?.textContent ===
      'It was deleted since this page was opened: this is what was known of it.',
  )
  await new TestAgent(again.url).start(
    again.acme.keys.agent,
    jobStart({ repository: 'acme/live', workflow: 'After', runId: '5001' }),
  )
  await runs.sees('link', 'After #5001')
  rmSync(data, { recursive: true, force: true })
})

test('a tab or page whose part of the app does not come leaves what is there, and comes when the server does', async () => {
  const page = await web.open('/orgs/acme/runs')
  await page.refuse(['*/assets/Dns-*', '*/assets/Inbox-*', '*/assets/Palette-*'])
  await page.go(
    `${web.url}/github/acme/app/actions/runs/4101/jobs/${await web.job('4101', 'build')}`,
  )
  await page.sees('heading', 'Summary')
  const goesOn = await page.cutOff()
  await page.click('link', /^DNS/)
  await page.until(() => document.querySelector('.away') !== null)
  await page.sees('heading', 'DNS')
  expect(await page.names('heading')).toContain('build')
  expect(await page.run(() => document.querySelector('.failure'))).toBe(null)
  await page.checked({ unanswered: true })
  await page.click('link', 'Detections')
  await page.click('button', /^Go to/)
  await page.refuse([])
  await goesOn()
  await page.until(() => document.querySelector('.away') === null)
  await page.sees('dialog', 'Go to')
  await page.click('button', 'Close')
  await page.until(() => location.pathname === '/orgs/acme/detections')
  await page.sees('heading', 'Detections')
  await page.back()
  await page.sees('table', 'DNS queries')
  expect(await page.run(() => document.querySelector('.failure'))).toBe(null)
})
