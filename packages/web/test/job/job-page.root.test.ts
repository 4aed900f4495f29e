import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AppPage, Web } from '../rig/web.ts'

let web: Web
beforeAll(async () => {
  web = await Web.start()
})
afterAll(() => web[Symbol.asyncDispose]())

const open = async (tab: string, run = '4101', job = 'build', more = ''): Promise<AppPage> => {
  const repository = { 4200: 'acme/hostile', 4300: 'acme/empty' }[run] ?? 'acme/app'
  const id = await web.job(run, job)
  return web.open(`/github/${repository}/actions/runs/${run}/jobs/${id}?tab=${tab}${more}`)
}

test('the summary of a job goes in order of alarm', async () => {
  const page = await open('summary')
  expect(
    await page.run(() =>
      [...document.querySelectorAll('main :is(h1,h2,h3)')].map((one) => one.textContent),
    ),
  ).toEqual([
    'build',
    'Summary',
    expect.stringMatching(/^Detections 3/),
    'critical stealer.example.net is on the block list',
    'medium telemetry.example.net was refused',
    'medium 203.0.113.66 port 80 (tcp) was refused',
    expect.stringMatching(/^Blocked 9/),
    expect.stringMatching(/^HTTPS requests 1/),
    expect.stringMatching(/^Destinations allowed 1/),
  ])
  const refused = await page.run(() =>
    [...document.querySelectorAll('[aria-labelledby=refused] tr')].map((row) => [
      row.querySelector('.chip')?.textContent,
      row.querySelector('code')?.textContent,
    ]),
  )
  expect(refused).toEqual([
    ['attack-blocked', 'stealer.example.net'],
    ['blocked', '203.0.113.66:80'],
    ['blocked', 'telemetry.example.net'],
  ])
  await page.checked()
})

test('of a job where nothing happened each part says so', async () => {
  const page = await open('summary', '4300', 'nothing')
  const nothing = await page.run(() =>
    [...document.querySelectorAll('.nothing')].map((one) => one.textContent),
  )
  expect(nothing).toEqual([
    'Nothing suspicious was found.',
    'Nothing was blocked.',
    'No request was read.',
    'No destination was reached.',
  ])
  await page.checked()
})

test('the evidence of a detection is shown in words when somebody asks for it', async () => {
  const page = await open('detections')
  await page.click('DisclosureTriangle', 'Evidence')
  await page.until(() => document.querySelector('.acts li') !== null)
  expect(await page.run(() => document.querySelector('.acts li')?.textContent)).toMatch(
    /^event \d+ dns\.query: .*name stealer\.example\.net/,
  )
  await page.checked()
})

test('processes are a tree; the address has the one that is looked at, with all that is known of it', async () => {
  const page = await open('processes')
  await page.until(() => document.querySelectorAll('[role=row]').length > 10)
  const row = () =>
    page.run(() => document.querySelector('[role=row][aria-selected=true] code')?.textContent)
  await page.focus('treegrid', 'Processes')
  await page.press('Home')
  await page.until(() => document.querySelector('[aria-selected=true]') !== null)
  expect(await row()).toContain('Runner.Worker')
  for (const words of ['bash', 'left-pad']) {
    await page.press('ArrowDown')
    await page.until(
      (wanted) =>
        document.querySelector('[aria-selected=true] code')?.textContent?.includes(wanted) === true,
      words,
    )
  }
  expect(await page.run(() => new URLSearchParams(location.search).get('process'))).toMatch(/^\d+-/)
  await page.sees('complementary', /^Process \d+$/)
  await page.until(() => document.querySelector('.panel .acts li') !== null)
  const panel = await page.run(() => document.querySelector('.panel')?.textContent ?? '')
  expect(panel).toContain('curl -sS -m 10 https://registry.example.org/left-pad')
  expect(panel).toContain('http.request: ')
  const curl = createHash('sha256').update(readFileSync('/usr/bin/curl')).digest('hex')
  expect(panel).toContain(`SHA-256 ${curl}`)
  await page.checked()
  await page.click('link', 'Jobs that started it')
  await page.sees('heading', 'Search')
  await page.until(() => document.querySelector('output.found') !== null)
  expect(await page.run(() => new URLSearchParams(location.search).get('hash'))).toBe(curl)
  await page.checked()
})

test('a process that the address names is shown, though its parents were closed', async () => {
  const first = await open('processes')
  await first.focus('searchbox', 'Search programs and arguments')
  await first.type('telemetry')
  await first.until(() => document.querySelectorAll('[role=row]').length === 4)
  const href = await first.run(() => {
    document.querySelector<HTMLElement>('[role=rowgroup] [role=row]:last-child')?.click()
    return location.href
  })
  const id = new URL(href).searchParams.get('process')
  expect(id).not.toBeNull()
  const page = await open('processes', '4101', 'build', `&process=${id}`)
  await page.until(() => document.querySelector('[aria-selected=true]') !== null)
  expect(
    await page.run(() => document.querySelector('[aria-selected=true] code')?.textContent),
  ).toContain('telemetry.example.net')
})

test('the timeline has the steps on one axis, and what is marked leads to what is behind it', async () => {
  const page = await open('timeline')
  await page.until(() => document.querySelector('.lane') !== null)
  expect(
    await page.run(() =>
      [...document.querySelectorAll('.step-name bdi')].map((one) => one.textContent),
    ),
  ).toEqual(['install', 'compile'])
  await page.checked()
  await page.click('link', /^stealer\.example\.net is on the block list, after /)
  await page.sees('heading', 'Detections')
})

test('data quality tells tier, hooks and losses', async () => {
  const page = await open('health')
  const text = await page.run(() => document.querySelector('main')?.textContent ?? '')
  expect(text).toContain('Nothing is known to be missing from this record.')
  expect(await page.names('table')).toEqual(['Kernel hooks'])
  await page.checked()
})

test('names that would act or hide are only text, on every tab', async () => {
  for (const tab of ['summary', 'detections', 'processes', 'timeline', 'dns', 'health']) {
    const page = await open(tab, '4200', 'strings')
    const seen = await page.run(() => ({
      elements: [...document.querySelectorAll('main :is(script,img,iframe,object,style,base)')]
        .length,
      handlers: [...document.querySelectorAll('*')].filter((one) =>
        one.getAttributeNames().some((name) => name.startsWith('on')),
      ).length,
      text: document.querySelector('main')?.innerText ?? '',
    }))
    expect(seen).toMatchObject({ elements: 0, handlers: 0 })
    expect(seen.text).not.toMatch(/[^\n\t\P{Cc}]|\p{Cf}/u)
    await page.checked()
  }
})

test('a job that is not there, as its address is written, is said so', async () => {
  const page = await web.open('/github/acme/app/actions/runs/4101/jobs/01j00000000000000000000000')
  expect(await page.names('heading')).toEqual(['It is not there'])
  await page.checked({ status: 400 })
})
