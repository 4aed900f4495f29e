import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Event } from '@runwarden/events'
import {
  connect,
  detection,
  exec,
  execIdOf,
  exit,
  query,
  request,
  write,
} from '../../../server/test/ingest/sample-events.ts'
import { jobStart, TestAgent } from '../../../server/test/ingest/test-agent.ts'
import { madeJob } from '../job/made.ts'
import type { Page } from '../page.ts'
import { Web } from '../rig/web.ts'

let web: Web
/** 3,000 destinations, as many processes, and some more files than a page has whole. */
let big: string
beforeAll(async () => {
  web = await Web.start()
  big = await madeJob(web, '6200', [...bigEvents()])
})
afterAll(() => web[Symbol.asyncDispose]())

const many = 3000
const files = 10_600

function* bigEvents(): Generator<Event> {
  let seq = 0
  yield exec(++seq, 100, { exe: '/usr/bin/make', argv: ['make', 'all'] })
  for (let n = 0; n < many; n++) {
    const pid = 101 + n
    const host = `service-${n}.example.com`
    yield exec(++seq, pid, { exe: '/usr/bin/cc', argv: ['cc', `part-${n}.c`] })
    yield query(++seq, { name: host, execId: execIdOf(pid) })
    yield connect(++seq, { host, address: `203.0.${n >> 8}.${n & 255}`, execId: execIdOf(pid) })
    yield exit(++seq, pid)
  }
  for (let n = 0; n < files; n++) yield write(++seq, `/w/out/${n}.o`)
}

/** Lines of the list that are in the document, and the number of the last one. */
const lines = (page: Page) =>
  page.run(() => {
    const all = [...document.querySelectorAll('main [aria-rowindex]')]
    return { drawn: all.length, last: Number(all.at(-1)?.getAttribute('aria-rowindex')) - 1 }
  })

/** What is wider than a phone or a desk's window. */
async function wider(page: Page): Promise<string[]> {
  const found: string[] = []
  for (const size of ['phone', 'desk'] as const) {
    await page.resize(size)
    const over = await page.run(() => {
      const { scrollWidth, clientWidth } = document.documentElement
      if (scrollWidth <= clientWidth) return []
      return [...document.body.querySelectorAll('*')]
        .filter((one) => one.getBoundingClientRect().right > clientWidth + 1)
        .map((one) => `${one.tagName} ${one.className} ${one.textContent.slice(0, 60)}`)
    })
    found.push(...over.slice(0, 3).map((one) => `${size}: ${one}`))
  }
  return found
}

test('of 3,000 destinations those in sight are drawn, and the last one is reached', async () => {
  const page = await web.open(`${big}?tab=network`)
  await page.until(() => document.querySelector('.found')?.textContent === '3,000 destinations')
  expect((await lines(page)).drawn).toBeLessThan(60)
  await page.checked()
  await page.run(() => scrollTo({ top: document.body.scrollHeight, behavior: 'instant' }))
  await page.until(() => document.querySelector('main [aria-rowindex="3001"]') !== null)
  expect(await lines(page)).toMatchObject({ last: many })
  expect((await lines(page)).drawn).toBeLessThan(60)
})

test('the tabs of a job with large numbers are one row on a desk', async () => {
  const page = await web.open(big)
  const tops = await page.run(() => [
    ...new Set(
      [...document.querySelectorAll('.tabs li')].map((tab) => tab.getBoundingClientRect().top),
    ),
  ])
  expect(tops).toHaveLength(1)
  expect(
    await page.run(() => document.querySelector('[data-tab=network] .count')?.textContent),
  ).toBe('3k')
})

test('of keys that are pressed faster than the page draws each counts', async () => {
  const page = await web.open(`${big}?tab=processes`)
  await page.until(() => document.querySelectorAll('[aria-level="2"]').length > 20)
  await page.focus('treegrid', 'Processes')
  await page.press('Home')
  await page.until(() => document.querySelector('[aria-selected=true]') !== null)
  await Promise.all(Array.from({ length: 10 }, () => page.press('ArrowDown')))
  await page.until(
    () => document.querySelector('[aria-selected=true] code')?.textContent === 'cc part-9.c',
  )
  await page.focus('searchbox', 'Search programs and arguments')
  await Promise.all([...'part-2999'].map((letter) => page.type(letter)))
  await page.until(() => {
    const found = [...document.querySelectorAll('[role=rowgroup] [role=row] code')]
    return found.length === 1 && found[0]?.textContent === 'cc part-2999.c'
  })
})

test('who scrolls a tree of thousands of processes comes to its end', async () => {
  const page = await web.open(`${big}?tab=processes`)
  await page.until(() => document.querySelectorAll('[aria-level="2"]').length > 20)
  await page.until(() => {
    const tree = document.querySelector('.tree')
    tree?.scrollTo({ top: tree.scrollHeight, behavior: 'instant' })
    return tree?.textContent.includes('part-2999.c') === true
  })
  expect((await lines(page)).drawn).toBeLessThan(80)
})

test('a search finds what is behind the first 10,000 files', async () => {
  const page = await web.open(`${big}?tab=files`)
  await page.until(() => document.querySelector('.found')?.textContent === '10,000 entries so far')
  await page.focus('searchbox', 'Search files')
  await page.type('out/10599')
  await page.until(() => document.querySelector('.found')?.textContent === '1 entry')
  await page.type('9')
  await page.until(
    () => document.querySelector('.nothing')?.textContent === 'Nothing is like that so far.',
  )
})

test('what is 4,000 characters long has its place on every tab', async () => {
  const long = 'x'.repeat(4000)
  const path = await madeJob(web, '6300', [
    exec(1, 100, { exe: `/w/${long}`, argv: [long, long], step: long }),
    query(2, { name: `${long}.example.com`, step: long }),
    connect(3, { host: `${long}.example.com`, step: long, verdict: 'would-block' }),
    request(4, { path: `/${long}` }),
    write(5, `/w/${long}`, { step: long }),
    detection(6, { title: long, text: long, severity: 'low' }),
  ])
  for (const tab of ['summary', 'detections', 'network', 'https', 'processes', 'files', 'dns']) {
    const page = await web.open(`${path}?tab=${tab}`)
    expect({ tab, wider: await wider(page) }).toEqual({ tab, wider: [] })
    expect(page.problems).toEqual([])
  }
})

test('behind hundreds of minor detections the gravest is the first, and where events are missing nothing is said to be well', async () => {
  const minor = Array.from({ length: 600 }, (_, i) =>
    detection(i + 1, { severity: 'low', title: `minor ${i}` }),
  )
  const path = await madeJob(web, '6350', [
    ...minor,
    detection(700, { severity: 'critical', title: 'the gravest' }),
  ])
  // The last heartbeat says that nothing was.
  web.rig.server.context.ingest.heartbeats.write()
  web.rig.server.context.db.run(
    `UPDATE jobs SET events_lost = '{"net.connect":5000}' WHERE run_id = '6350'`,
  )
  for (const tab of ['summary', 'detections']) {
    const page = await web.open(`${path}?tab=${tab}`)
    expect(await page.run(() => document.querySelector('.card h3')?.textContent.trim())).toBe(
      'critical the gravest',
    )
  }
  const page = await web.open(`${path}?tab=network`)
  expect(await page.run(() => document.querySelector('.nothing')?.textContent)).toBe(
    'No destination was reached or tried so far, as far as is known: 5,000 events were lost. Data quality',
  )
  await page.checked()
})

test('of a job that has told nothing yet each tab says so', async () => {
  const agent = new TestAgent(web.url)
  // As long as the server takes it.
  const long = 'n'.repeat(1024)
  await agent.start(
    web.rig.acme.keys.agent,
    jobStart({ repository: 'acme/made', runId: '6400', job: long, workflow: long, ref: long }),
  )
  const page = await web.open(`/github/acme/made/actions/runs/6400/jobs/${agent.jobId}`)
  const said: Record<string, string> = {}
  for (const tab of ['network', 'https', 'detections', 'processes', 'timeline', 'files', 'dns']) {
    await page.run((id) => {
      document.querySelector<HTMLElement>(`[data-tab=${id}] a`)?.click()
    }, tab)
    await page.until(
      (id) => document.querySelector(`[data-tab=${id}] [aria-current]`) !== null,
      tab,
    )
    await page.settled()
    // Other parts of a tab may say so of themselves before its list does.
    said[tab] = await page.run(
      () => [...document.querySelectorAll('.nothing')].at(-1)?.textContent ?? '',
    )
  }
  expect(said).toEqual({
    network: 'No destination was reached or tried so far.',
    https: 'No request was read: the job made none by a library that can be read so far.',
    detections: 'Nothing suspicious was found so far.',
    processes: 'No process was seen so far.',
    timeline: 'No step was seen to begin, and nothing of note happened so far.',
    files: 'No file was changed in the workspace, and no sensitive file was touched so far.',
    dns: 'No name was asked for so far.',
  })
  await page.checked()
  for (const list of ['/orgs/acme', '/orgs/acme/runs', '/github/acme/made/actions/runs/6400'])
    expect({ list, wider: await wider(await web.open(list)) }).toEqual({ list, wider: [] })
})
