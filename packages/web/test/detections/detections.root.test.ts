import { afterAll, beforeAll, expect, test } from 'vitest'
import { detection, exec } from '../../../server/test/ingest/sample-events.ts'
import { jobStart, TestAgent } from '../../../server/test/ingest/test-agent.ts'
import { fill } from '../rig/choose.ts'
import { Web } from '../rig/web.ts'

let web: Web
beforeAll(async () => {
  web = await Web.start()
})
afterAll(() => web[Symbol.asyncDispose]())

interface Item {
  id: string
  title: string
  state: string
}
const inbox = async (query = ''): Promise<Item[]> => {
  const { body } = await web.rig.ask('GET', `/v1/orgs/acme/detections${query}`, {
    as: web.rig.acme.keys.viewer,
  })
  return (body as { items: Item[] }).items
}

test('open detections are worked off with the keyboard: move, mark, acknowledge', async () => {
  const page = await web.open('/orgs/acme/detections')
  await page.sees('link', 'stealer.example.net is on the block list')
  await page.checked()
  await page.press('j')
  await page.press('x')
  await page.press('j')
  await page.press('x')
  await page.until(() => document.body.textContent.includes('2 detections marked'))
  await page.press('k')
  await page.press('e')
  await page.sees('heading', 'Acknowledge: 2 detections')
  await page.checked()
  await fill(page, /^Note/, 'looked at <b>it</b>')
  await page.click('button', 'Acknowledge')
  await page.until(() => document.querySelectorAll('.listed tbody tr').length === 1)
  expect((await inbox('?state=acknowledged')).length).toBe(2)
  await page.click('button', 'acknowledged')
  await page.until(() => location.search === '?state=acknowledged')
  await page.until(() => document.querySelectorAll('.listed tbody tr').length === 2)
})

test('a detection: what happened, its evidence, its job, its history; it is resolved and opened again', async () => {
  const [item] = await inbox('?detection=attack-blocked')
  const page = await web.open(`/orgs/acme/detections/${item?.id}`)
  await page.sees('heading', 'stealer.example.net is on the block list')
  await page.sees('heading', 'What happened, and what to do')
  await page.sees('heading', /^Evidence/)
  await page.sees('link', 'In the job, among what it did')
  await page.checked()
  await page.press('r')
  await page.sees('heading', 'Resolve: 1 detection')
  await page.click('button', 'Resolve')
  await page.sees('button', /^Open again/)
  await page.until(
    () => document.querySelector('.trace')?.textContent.includes('resolved') === true,
  )
  await page.until(() => document.querySelector('dialog[open]') === null)
  await page.click('button', /^Open again/)
  await page.sees('heading', 'Open again: 1 detection')
  await page.until(() => document.querySelector('dialog[open] form') !== null)
  await page.run(() => {
    document.querySelector<HTMLFormElement>('dialog[open] form')?.requestSubmit()
    return null
  })
  await page.sees('button', /^Acknowledge/)
})

test('a suppression says what it is for before it is made, and what it has suppressed; deleted, that is open again', async () => {
  const [item] = await inbox('?detection=domain-blocked')
  const page = await web.open(`/orgs/acme/detections/${item?.id}`)
  await page.press('s')
  await page.sees('heading', 'Suppress detections like this one')
  await page.until(
    () => document.querySelector('.preview')?.textContent.startsWith('Now: 1') === true,
  )
  await page.checked()
  await fill(page, 'Why it is expected', 'our <img src=x onerror=alert(1)> telemetry')
  await page.click('button', 'Suppress')
  await page.until(() => document.querySelector('dialog[open]') === null)
  expect(await inbox('?state=suppressed')).toMatchObject([{ id: item?.id }])

  await page.go(`${web.url}/orgs/acme/suppressions`)
  await page.sees('link', '1 detection suppressed')
  await page.checked()
  await page.click('link', '1 detection suppressed')
  await page.sees('link', item?.title ?? '')
  await page.go(`${web.url}/orgs/acme/suppressions`)
  await page.sees('button', /^Delete the suppression/)
  await page.click('button', /^Delete the suppression/)
  await page.click('button', 'Delete')
  await page.until(
    () =>
      document.querySelector('.nothing')?.textContent.startsWith('Nothing is suppressed') === true,
  )
  expect(await inbox('?state=suppressed')).toEqual([])
})

test('what somebody else has made of a detection is not undone by an older page', async () => {
  const [item] = await inbox('?detection=attack-blocked')
  const page = await web.open(`/orgs/acme/detections/${item?.id}`)
  await page.press('e')
  await page.sees('heading', 'Acknowledge: 1 detection')
  await web.rig.ask('POST', `/v1/orgs/acme/detections/${item?.id}/state`, {
    as: web.rig.acme.keys.editor,
    body: { state: 'resolved', note: 'secrets were rotated' },
  })
  await page.click('button', 'Acknowledge')
  await page.until(
    () =>
      document
        .querySelector('dialog [role=alert]')
        ?.textContent.includes('it is resolved by now, by key editor: secrets were rotated') ===
      true,
  )
  await page.checked({ status: 409 })
  expect(await inbox('?state=resolved')).toMatchObject([{ id: item?.id }])
  await page.click('button', 'Close')
  await page.sees('button', /^Open again/)
})

test('who may only look has no buttons, and keys do nothing', async () => {
  const { auth } = web.rig.server.context
  const id = auth.ensureUser('local', 'looker', 'looker')
  auth.setMember(web.rig.acme.id, id, 'viewer')
  const page = await web.open('/orgs/acme/detections?state=any', {
    as: `runwarden-session=${auth.createSession(id)}`,
  })
  await page.sees('link', 'stealer.example.net is on the block list')
  await page.press('j')
  await page.press('e')
  expect(await page.names('checkbox')).toEqual([])
  expect(await page.run(() => document.querySelector('dialog[open].dialog'))).toBe(null)
})

test('a detection that is not there says so', async () => {
  const page = await web.open('/orgs/acme/detections/01j00000000000000000000000')
  await page.until(() => document.querySelector('.failure') !== null)
  expect(await page.names('heading')).toContain('It is not there')
})

test('filters that leave nothing say so', async () => {
  const page = await web.open('/orgs/acme/detections?state=any&severity=low')
  await page.until(
    () => document.querySelector('.nothing')?.textContent === 'No detection is like that.',
  )
  await page.click('button', 'Clear filters')
  await page.until(() => location.search === '')
})

test('what a job calls itself is only ever text', async () => {
  const worst = `<img src=x onerror=alert(1)>\u202egpj${'y'.repeat(150)}`
  const agent = new TestAgent(web.url)
  await agent.start(
    web.rig.acme.keys.agent,
    jobStart({ repository: 'acme/worst', workflow: worst, job: worst, runId: '6001' }),
  )
  await agent.send(
    agent.pack([
      exec(1, 100, { exe: `/tmp/${worst}`, argv: [worst] }),
      detection(2, {
        title: worst,
        text: `${worst} ${'z'.repeat(3000)}`,
        step: worst,
        evidence: [1],
      }),
    ]),
  )
  const page = await web.open('/orgs/acme/detections?repository=acme/worst')
  await page.sees('link', /^<img src=x onerror=alert\(1\)>\\u\{202e\}gpj/)
  await page.checked()
  const [item] = await inbox('?repository=acme/worst')
  await page.go(`${web.url}/orgs/acme/detections/${item?.id}`)
  await page.sees('heading', /^<img src=x/)
  await page.checked()
  await page.press('s')
  await page.sees('heading', 'Suppress detections like this one')
  await page.checked()
  expect(await page.run(() => document.querySelectorAll('img, script:not([src])').length)).toBe(0)
})
