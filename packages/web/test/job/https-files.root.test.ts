import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  changed,
  exec,
  request,
  response,
  write,
} from '../../../server/test/ingest/sample-events.ts'
import { choose } from '../rig/choose.ts'
import { type AppPage, Web } from '../rig/web.ts'
import { madeJob } from './made.ts'

let web: Web
let path: string
beforeAll(async () => {
  web = await Web.start()
  path = await madeJob(web, '5100', [
    exec(1, 100),
    request(2, {
      method: 'GET',
      host: 'api.github.com',
      path: '/repos/acme/made/contents/x',
      authorization: 'installation',
    }),
    response(3, 2),
    request(4, { method: 'POST', host: 'evil.example.org', path: '/<script>', verdict: 'blocked' }),
    {
      seq: 5,
      time: 1_795_000_000_005,
      scope: 'job',
      execId: '100-100000-abcdef01',
      step: 'build',
      kind: 'http.opaque',
      library: null,
      reason: 'no-library',
      host: 'quiet.example.org',
      connections: 3,
      bytesSent: 5000,
      bytesReceived: 70,
    },
    write(6, '/w/dist/app.js'),
    write(7, '/home/u/.ssh/id_ed25519', { sensitive: 'ssh key', workspace: false }),
    write(8, `/w/${'long/'.repeat(700)}end.txt`),
    changed(9, '/w/src/\u202einvoice.js'),
    changed(10, '/w/node_modules/a/index.js', { dependency: 'node_modules/a' }),
    ...[11, 12, 13].map((seq) =>
      write(seq, `/proc/${seq}00/environ`, { sensitive: 'process-environment', workspace: false }),
    ),
  ])
})
afterAll(() => web[Symbol.asyncDispose]())

const open = (tab: string): Promise<AppPage> => web.open(`${path}?tab=${tab}`)
const cells = (page: AppPage, within: string): Promise<string[]> =>
  page.run(
    (where) =>
      [...document.querySelectorAll(`${where} tbody tr`)].map((row) =>
        [...row.querySelectorAll('td')].map((cell) => cell.textContent).join(' | '),
      ),
    within,
  )

test('requests stand by host, refused ones first; what was not read says why', async () => {
  const page = await open('https')
  await page.sees('heading', /^Not read/)
  const [first, second] = await cells(page, '[aria-labelledby=requests-title]')
  expect(first).toMatch(/^blocked \| POST \| evil\.example\.org\/<script>/)
  expect(second).toMatch(
    /^allowed \| GET \| api\.github\.com\/repos\/acme\/made\/contents\/x \| 200/,
  )
  expect(await cells(page, '[aria-labelledby=opaque-title]')).toEqual([
    expect.stringMatching(/^quiet\.example\.org \| no TLS library that can be read \| 3 \| /),
  ])
  await page.checked()
  await choose(page, 'Host', 'api.github.com')
  await page.until(
    () => document.querySelectorAll('[aria-labelledby=requests-title] tbody tr').length === 1,
  )
  expect(await page.run(() => location.search)).toContain('host=api.github.com')
})

test('the job’s token: what it has needed so far, with the calls that say so', async () => {
  const page = await open('https')
  await page.sees('heading', 'Minimum token permissions')
  await page.sees('button', 'Copy permissions')
  expect(await page.run(() => document.querySelector('pre')?.textContent)).toContain(
    'contents: read',
  )
  await page.click('DisclosureTriangle', /^Evidence: 1 kind of call/)
  await page.checked()
})

test('what others changed comes first, sources of the checkout before dependencies', async () => {
  const page = await open('files')
  await page.sees('heading', /^Changed by others/)
  const changes = await page.run(() =>
    [...document.querySelectorAll('[aria-labelledby=changes-title] tbody code')].map(
      (one) => one.textContent,
    ),
  )
  expect(changes[0]).toContain('\\u{202e}invoice.js')
  await page.sees('button', 'Copy after')
  await page.checked()
})

test('files are narrowed by kind and program; a path of 3,500 characters is cut, with the whole to copy', async () => {
  const page = await open('files')
  const acts = '[aria-labelledby=acts-title]'
  expect((await cells(page, acts))[0]).toContain('/home/u/.ssh/id_ed25519')
  await page.sees('button', 'Copy whole')
  await page.click('button', 'sensitive')
  await page.until(
    () => document.querySelectorAll('[aria-labelledby=acts-title] tbody tr').length === 2,
  )
  expect(await page.run(() => location.search)).toContain('kind=sensitive')
  await page.click('button', 'sensitive')
  await page.focus('searchbox', 'Search files')
  await page.type('no file is called so')
  await page.until(
    () => document.querySelector('.nothing')?.textContent === 'Nothing is like that so far.',
  )
})

test('one file of many processes is a line that tells of which, and a search finds one of them', async () => {
  const page = await open('files')
  const line = async () =>
    (await cells(page, '[aria-labelledby=acts-title]')).find((one) => one.includes('/environ'))
  expect(await line()).toMatch(/\/proc\/\*\/environof 3 processes.*\| 3 \|/)
  await page.click('DisclosureTriangle', 'of 3 processes')
  await page.until(() => document.body.textContent.includes('1100, 1200, 1300'))
  await page.checked()
  await page.focus('searchbox', 'Search files')
  await page.type('/proc/1200')
  await page.until(() => document.querySelector('.found')?.textContent === '1 entry')
  expect(await line()).toContain('/proc/1200/environ')
})
