import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sampleReport } from '../../../events/test/sample-report.ts'
import { detection } from '../../../server/test/ingest/sample-events.ts'
import { jobStart, TestAgent } from '../../../server/test/ingest/test-agent.ts'
import { ServerRig } from '../../../server/test/server-rig.ts'
import { builtApp } from '../rig/web-app.ts'
import { Web } from '../rig/web.ts'

let web: Web
beforeAll(async () => {
  web = await Web.start()
})
afterAll(() => web[Symbol.asyncDispose]())

test('what is wrong stands first, and each number leads to the list behind it', async () => {
  const page = await web.open('/orgs/acme?period=30d')
  await page.sees('heading', 'Overview')
  await page.sees('link', 'critical 1')
  await page.sees('link', 'attack-blocked 4')
  await page.sees('link', '2 jobs only audited')
  await page.sees('heading', 'Top destinations')
  expect(await page.names('link')).toContain('stealer.example.net')
  await page.checked()
  await page.click('link', 'critical 1')
  await page.sees('link', 'stealer.example.net is on the block list')
  expect(await page.run(() => location.search)).toBe('?state=open&severity=critical&period=30d')
})

test('the charts’ figures are a table, too, whose times lead to the runs', async () => {
  const page = await web.open('/orgs/acme')
  expect((await page.names('image')).filter((name) => name.includes('over time'))).toHaveLength(4)
  await page.run(() => {
    for (const one of document.querySelectorAll<HTMLDetailsElement>('.chart details'))
      one.open = true
    return null
  })
  await page.checked()
  await page.run(() => {
    const links = document.querySelectorAll<HTMLElement>('.chart tbody a')
    links[27]?.click()
    return null
  })
  await page.sees('heading', 'Runs')
  await page.sees('link', 'CI #4101')
})

test('the period is in the address', async () => {
  const page = await web.open('/orgs/acme')
  await page.click('button', '24 hours')
  await page.until(() => location.search === '?period=24h')
  await page.settled()
  await page.click('button', '7 days')
  await page.until(() => location.search === '')
})

test('an empty organisation says what to do next', async () => {
  const page = await web.open('/orgs/other')
  await page.sees('heading', 'No job has reported here yet')
  await page.checked()
  await page.click('link', 'Have jobs watched')
  await page.sees('heading', 'Installations')
})

test('where jobs were tampered with, lost, or have told no mode, nothing says that all is well', async () => {
  const started = async (run: string, mode: boolean) => {
    const agent = new TestAgent(web.url)
    await agent.start(
      web.rig.other.keys.agent,
      jobStart({ repository: 'other/app', runId: run, job: `job ${run}` }),
    )
    if (mode) await agent.tell()
    return agent
  }
  const tampered = await started('1', true)
  await tampered.send(tampered.pack([detection(1, { id: 'agent-tampered' })]))
  await web.rig.server.context.ingest.indexer.settled(60_000)
  await tampered.finish({ ...sampleReport, egress: 'block' })
  await (await started('2', true)).finish(null)
  await started('3', false)
  const page = await web.open('/orgs/other')
  await page.sees('link', '2 jobs not protected')
  await page.sees('link', '1 job not known')
  await page.sees('link', '1 job ended without the agent')
  const said = await page.run(() => document.querySelector('main')?.textContent ?? '')
  expect(said).toContain('Tampering seen')
  expect(said).not.toMatch(/Every job|every job/)
  await page.checked()
  const run = await web.open('/github/other/app/actions/runs/1')
  await run.until(() => document.querySelector('td .state-bare')?.textContent === 'Tampering seen')
  await run.checked()
})

test('an organisation that one is not in is not there', async () => {
  const page = await web.open('/orgs/nobody')
  await page.sees('heading', 'It is not there')
  await page.checked({ status: 404 })
})

test('a job that starts is on the page a moment later', async () => {
  const page = await web.open('/orgs/acme')
  await page.sees('link', '4 runs')
  const agent = new TestAgent(web.url)
  await agent.start(web.rig.acme.keys.agent, jobStart({ repository: 'acme/live', runId: '5001' }))
  await page.sees('link', '5 runs')
})

test('while the server is away the page says so, and it goes on by itself when it is back', async () => {
  const data = mkdtempSync(join(tmpdir(), 'runwarden-away-'))
  const app = await builtApp()
  const first = await ServerRig.start({ data, rateLimit: 0 }, { web: app })
  const { hostname: host, port } = new URL(first.url)
  const page = await web.browser.openAs(`${first.url}/orgs/acme`, {
    'runwarden-session': first.cookie.split('=')[1] ?? '',
  })
  await page.sees('heading', 'No job has reported here yet')
  await first[Symbol.asyncDispose]()
  await page.click('button', '24 hours')
  await page.until(() => document.body.textContent.includes('The server does not answer'))
  await using _again = await ServerRig.start(
    { data, rateLimit: 0, listen: { host, port: Number(port) } },
    { web: app },
  )
  await page.sees('heading', 'No job has reported here yet')
  rmSync(data, { recursive: true, force: true })
})
