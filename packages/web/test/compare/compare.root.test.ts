import { afterAll, beforeAll, expect, test } from 'vitest'
import { connect } from '../../../server/test/ingest/sample-events.ts'
import { madeJob } from '../job/made.ts'
import { choose } from '../rig/choose.ts'
import { Web } from '../rig/web.ts'

let web: Web
beforeAll(async () => {
  web = await Web.start()
})
afterAll(() => web[Symbol.asyncDispose]())

const compare = (query: string) => web.open(`/orgs/acme/compare?${query}`)

test('a job beside the run before it: what only one had, kind by kind', async () => {
  const page = await compare(`a=${await web.job('4101', 'build')}&b=previous`)
  await page.sees('heading', 'Compare')
  await page.until(() => document.querySelectorAll('tbody tr').length > 0)
  expect(
    await page.run(() => [...document.querySelectorAll('td.wide')].map((cell) => cell.textContent)),
  ).toEqual(['tcp://203.0.113.66:80'])
  await page.checked()
  await page.click('button', /^In both\d/)
  await page.until(
    () => document.querySelector('td.wide')?.textContent === 'tcp://registry.example.org:443',
  )
  await page.click('button', 'Programs')
  await page.until(() => document.querySelectorAll('tbody tr').length > 1)
  expect(
    await page.run(() => [...document.querySelectorAll('td.wide')].map((cell) => cell.textContent)),
  ).toContainEqual(expect.stringMatching(/\/node$/))
  await page.focus('searchbox', 'Search programs')
  await page.type('no program is called so')
  await page.until(
    () => document.querySelector('.nothing')?.textContent === 'Nothing is like that.',
  )
  await page.checked()
})

test('a job beside its baseline, by destinations', async () => {
  const page = await compare(`a=${await web.job('4101', 'build')}&b=baseline`)
  await page.until(() => document.querySelectorAll('tbody tr').length > 0)
  await page.click('button', /^In both\d/)
  await page.until(() => document.querySelector('tbody')?.textContent.includes('1 of 1') === true)
  await page.checked()
})

test('sides are swapped, and a job without an earlier run says so', async () => {
  const page = await compare(`a=${await web.job('4101', 'build')}&b=previous`)
  await page.click('link', 'Swap A and B')
  await page.until(() => document.querySelector('.nothing') !== null)
  expect(await page.run(() => document.querySelector('.nothing')?.textContent)).toBe(
    'No destinations are only in A.',
  )
  const first = await compare(`a=${await web.job('4100', 'build')}&b=previous`)
  await first.until(() => document.querySelector('.nothing') !== null)
  expect(await first.run(() => document.querySelector('.nothing')?.textContent)).toContain(
    'The server knows no run of this job before this one.',
  )
  await first.checked()
})

test('from a run one comes to its job beside the run before, and there chooses another', async () => {
  const page = await web.open('/github/acme/app/actions/runs/4101')
  await page.click('link', 'Compare build with another run')
  await page.sees('heading', 'Compare')
  await page.until(
    () => document.querySelector('.sides')?.textContent.includes('run 4100') === true,
  )
  await page.click('link', 'Swap A and B')
  await page.until(() => new URLSearchParams(location.search).get('b') !== 'previous')
  const other = await web.job('4101', 'build')
  await page.until(
    (id) => document.querySelector<HTMLSelectElement>('.pick select')?.value === id,
    other,
  )
  expect(
    await page.run(() =>
      [...document.querySelectorAll('.pick option')].map((one) => one.textContent.split(' · ')[0]),
    ),
  ).toEqual(['the run before it', 'its baseline', 'run 4101'])
  await choose(page, 'Compare with', 'baseline')
  await page.until(
    () => document.querySelector('.sides')?.textContent.includes('finished runs before') === true,
  )
  expect(await page.run(() => new URLSearchParams(location.search).get('b'))).toBe('baseline')
  await page.checked()
})

/** Of a job whose page has this path. */
const idOf = (path: string): string => path.split('/').at(-1) ?? ''

test('what differs, and what is searched for, is found behind the first page', async () => {
  const same = Array.from({ length: 600 }, (_, i) =>
    connect(i + 1, { host: `a${i}.example.org`, address: `203.0.${i >> 8}.${i & 255}` }),
  )
  const last = { host: 'zz.example.org', address: '203.0.113.1' }
  const there = idOf(await madeJob(web, '6500', [...same, connect(700, last)]))
  const here = idOf(
    await madeJob(web, '6501', [...same, connect(700, { ...last, verdict: 'attack-blocked' })]),
  )
  const page = await compare(`a=${here}&b=${there}&only=different`)
  const shown = () =>
    page.run(() => [...document.querySelectorAll('td.wide')].map((cell) => cell.textContent))
  await page.until(() => document.querySelectorAll('tbody tr').length > 0)
  expect(await shown()).toEqual(['tcp://zz.example.org:443verdicts differ'])
  await page.click('button', /^In both601/)
  await page.focus('searchbox', 'Search destinations')
  await page.type('ZZ.')
  await page.until(() => document.querySelectorAll('tbody tr').length === 1)
  expect(await shown()).toEqual(['tcp://zz.example.org:443verdicts differ'])
  // As all times are told.
  expect(
    await page.run(() => document.querySelector('.pick option:last-child')?.textContent),
  ).toMatch(/ UTC$/)
})

test('nothing chosen, and a job that is not there', async () => {
  const page = await compare('')
  await page.sees('link', 'Runs')
  await page.checked()
  const gone = await compare('a=01j00000000000000000000000&b=previous')
  await gone.sees('heading', 'It is not there')
})
