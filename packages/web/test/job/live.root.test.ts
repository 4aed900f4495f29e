import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Event } from '@runwarden/events'
import { connect, exec, execIdOf } from '../../../server/test/ingest/sample-events.ts'
import { jobStart, TestAgent } from '../../../server/test/ingest/test-agent.ts'
import { Web } from '../rig/web.ts'

let web: Web
beforeAll(async () => {
  web = await Web.start()
})
afterAll(() => web[Symbol.asyncDispose]())

/** What a real agent told of a job, in parts: each begins with the first event of which one of these holds. */
function parts(job: string, begins: readonly ((event: Event) => boolean)[]): Event[][] {
  const events: Event[] = []
  const segment = (number: number) => join(web.rig.data, 'segments', job, `${number}.zst`)
  for (let number = 1; existsSync(segment(number)); number++) {
    const packed = readFileSync(segment(number))
    for (const line of zstdDecompressSync(packed).toString().trimEnd().split('\n'))
      events.push(JSON.parse(line) as Event)
  }
  const found = begins.map((isFirst) => events.findIndex((event) => isFirst(event)))
  const marks = [0, ...found, events.length]
  expect(marks).toEqual(marks.toSorted((a, b) => a - b))
  return marks.slice(1).map((end, index) => events.slice(marks[index], end))
}

const asksFor = (host: string) => (event: Event) =>
  event.kind === 'dns.query' && event.name === host

test('the page of a job goes along with it, from its first events to its end', async () => {
  const recorded = await web.job('4101', 'build')
  const { body: report } = await web.rig.ask('GET', `/v1/orgs/acme/jobs/${recorded}/report`, {
    as: web.rig.acme.keys.viewer,
  })
  const [first = [], second = [], third = []] = parts(recorded, [
    asksFor('telemetry.example.net'),
    asksFor('stealer.example.net'),
  ])
  const agent = new TestAgent(web.url)
  await agent.start(
    web.rig.acme.keys.agent,
    jobStart({ repository: 'acme/live', runId: '6100', job: 'build' }),
  )
  const send = async (events: readonly Event[]): Promise<void> => {
    expect(await agent.send(agent.pack(events))).toMatchObject({ status: 200 })
    await agent.heartbeat()
  }
  await agent.heartbeat()

  const page = await web.open(`/github/acme/live/actions/runs/6100/jobs/${agent.jobId}?tab=network`)
  // A page that was loaded anew would have lost it.
  await page.run(() => {
    Object.assign(globalThis, { sameDocument: true })
  })
  const state = () => page.run(() => document.querySelector('.facts .word')?.textContent)
  const verdicts = () =>
    page.run(() => [...document.querySelectorAll('.tab .chip')].map((one) => one.textContent))
  expect(await state()).toBe('running')
  expect(await page.run(() => document.querySelector('.nothing')?.textContent)).toBe(
    'No destination was reached or tried so far.',
  )

  await send(first)
  await page.until(() => document.querySelectorAll('.tab tbody tr').length === 1)
  expect(await verdicts()).toEqual(['allowed'])
  // Somebody reads of it meanwhile: that stays as it is.
  await page.click('button', /^why\? registry/)
  await page.sees('region', /^Why registry/)

  await send(second)
  await page.until(() => document.querySelectorAll('.tab tr:not(.below) .chip').length === 2)
  expect(await page.run(() => document.querySelector('.why') !== null)).toBe(true)
  await page.checked()

  await send(third)
  await page.until(() => document.querySelector('.tab .verdict-attack-blocked') !== null)
  expect(await state()).toBe('running')
  await page.until(
    () => document.querySelector('[data-tab=detections] .count')?.textContent === '3',
  )

  expect(await agent.finish(report)).toMatchObject({ status: 200 })
  await page.until(() => document.querySelector('.facts .word')?.textContent === 'finished')
  expect(await page.run(() => document.querySelector('.facts')?.textContent)).toMatch(
    /finished with exit status 0.*Took/,
  )
  expect(await page.run(() => Reflect.get(globalThis, 'sameDocument'))).toBe(true)
  await page.checked()
})

test('a job that has ended without its agent says so, what is known of it, and what is not', async () => {
  const agent = new TestAgent(web.url)
  await agent.start(
    web.rig.acme.keys.agent,
    jobStart({ repository: 'acme/live', workflow: 'Killed', runId: '6101', job: 'build' }),
  )
  await agent.heartbeat()
  await agent.send(agent.pack([exec(1, 100), connect(2, { execId: execIdOf(100) })]))
  const path = `/github/acme/live/actions/runs/6101/jobs/${agent.jobId}`
  const page = await web.open(path)
  // Another agent on the machine says the end, as one does that finds what a killed one has left.
  expect(await agent.finish(null)).toMatchObject({ status: 200 })
  await page.until(() => document.querySelector('.facts .word')?.textContent === 'lost')
  expect(await page.run(() => document.querySelector('.heading .state')?.textContent)).toBe(
    'Ended without its agent',
  )
  await page.until(
    () =>
      document
        .querySelector('main')
        ?.textContent.includes('The agent died before the job ended') === true,
  )
  await page.checked()

  await page.click('link', /^DNS/)
  await page.until(
    () =>
      document.querySelector('.nothing')?.textContent ===
      'Not known: the agent is not heard any more, and told nothing of it before.',
  )
  await page.click('link', /^Network/)
  await page.sees('table', 'Destinations')
  await page.click('link', /^Recommended policy/)
  await page.checked()
  await page.click('link', /^Data quality/)
  await page.until(
    () =>
      document
        .querySelector('.notices')
        ?.textContent.includes('The agent is not heard any more') === true,
  )
  await page.checked()

  const runs = await web.open('/orgs/acme/runs?state=lost')
  await runs.sees('link', 'Killed #6101')
  await runs.checked()
})
