import { afterAll, beforeAll, expect, test } from 'vitest'
import { hostile } from '../../../report/test/hostile.ts'
import { connect, exec, execIdOf, query } from '../../../server/test/ingest/sample-events.ts'
import type { Page } from '../page.ts'
import { choose } from '../rig/choose.ts'
import { type AppPage, Web } from '../rig/web.ts'
import { madeJob } from './made.ts'

let web: Web
beforeAll(async () => {
  web = await Web.start()
})
afterAll(() => web[Symbol.asyncDispose]())

const open = async (run: string, job: string, more = ''): Promise<AppPage> => {
  const repository = { 4200: 'acme/hostile', 4300: 'acme/empty' }[run] ?? 'acme/app'
  const id = await web.job(run, job)
  return web.open(`/github/${repository}/actions/runs/${run}/jobs/${id}?tab=network${more}`)
}

const places = (page: Page): Promise<(string | null)[][]> =>
  page.run(() =>
    [...document.querySelectorAll('.tab tbody tr:not(.below)')].map((row) => [
      row.querySelector('.chip')?.textContent ?? null,
      row.querySelector('td.wide code')?.textContent ?? null,
    ]),
  )

test('destinations come in order of alarm, with names that were refused, and what is new', async () => {
  const page = await open('4101', 'build')
  await page.sees('link', 'Compare with the previous run')
  expect(await places(page)).toEqual([
    ['attack-blocked', 'stealer.example.net'],
    ['blocked', 'telemetry.example.net'],
    ['blocked', '203.0.113.66:80'],
    ['allowed', 'registry.example.org:443'],
  ])
  await page.click('button', 'New for this job')
  await page.until(() => document.querySelectorAll('.tab tbody tr').length === 1)
  expect(await places(page)).toEqual([['blocked', '203.0.113.66:80']])
  expect(await page.run(() => location.search)).toContain('only=new')
  await page.checked()
})

test('filters are in the address: verdict, step, program, search', async () => {
  const page = await open('4101', 'build')
  await page.click('button', 'blocked')
  await page.until(() => document.querySelectorAll('.tab tbody tr').length === 2)
  await choose(page, 'Step', 'install')
  await page.until(() => document.querySelectorAll('.tab tbody tr').length === 1)
  expect(await places(page)).toEqual([['blocked', 'telemetry.example.net']])
  await choose(page, 'Program', '/usr/bin/curl')
  await page.focus('searchbox', 'Search destinations')
  await page.type('nothing of this')
  await page.until(() => document.querySelector('.nothing') !== null)
  expect(await page.run(() => location.search)).toMatch(
    /verdict=blocked&step=install&program=%2Fusr%2Fbin%2Fcurl&search=nothing/,
  )
})

/** What the list shows, line by line: `# ` begins a section. */
const sections = (page: Page): Promise<string[]> =>
  page.run(() =>
    [...document.querySelectorAll('.tab tbody tr:not(.below)')].map((row) =>
      row.className === 'section'
        ? `# ${row.textContent}`
        : `${row.querySelector('.chip')?.textContent} ${row.querySelector('td.wide code')?.textContent}`,
    ),
  )

test('destinations are put together by step and by program, and the address keeps it', async () => {
  const page = await open('4101', 'build')
  await choose(page, 'Group by', 'step')
  await page.until(() => document.querySelectorAll('.tab tr.section').length === 2)
  expect(await sections(page)).toEqual([
    '# install2 destinationsblocked 1allowed 1',
    'blocked telemetry.example.net',
    'allowed registry.example.org:443',
    '# compile2 destinationsattack-blocked 1blocked 1',
    'attack-blocked stealer.example.net',
    'blocked 203.0.113.66:80',
  ])
  // In another order each stays below its step.
  await page.click('button', 'Destination')
  expect(await sections(page)).toEqual([
    '# install2 destinationsblocked 1allowed 1',
    'allowed registry.example.org:443',
    'blocked telemetry.example.net',
    '# compile2 destinationsattack-blocked 1blocked 1',
    'blocked 203.0.113.66:80',
    'attack-blocked stealer.example.net',
  ])
  await page.click('button', /^why\? telemetry/)
  await page.sees('region', /^Why telemetry/)
  expect(await page.run(() => location.search)).toMatch(/by=step&destination=.*&under=install/)
  await page.checked()
  await choose(page, 'Group by', 'program')
  await page.until(() => document.querySelectorAll('.tab tr.section').length === 1)
  expect((await sections(page))[0]).toMatch(/^# .*\/curl4 destinations/)
})

test('"why?" tells who decided, where the address was learnt, and what would allow it', async () => {
  const page = await open('4101', 'test')
  await page.click('button', /^why\? api\.example\.com/)
  await page.sees('region', /^Why api\.example\.com:443/)
  await page.until(
    () => document.querySelector('.why')?.textContent.includes('192.0.2.53') === true,
  )
  const told = await page.run(() => document.querySelector('.why')?.textContent ?? '')
  expect(told).toContain('not in the policy')
  expect(told).toMatch(/A of api\.example\.com from 192\.0\.2\.53: 198\.51\.100\.11/)
  expect(told).toContain('- "api.example.com:443"')
  await page.sees('button', 'Copy line')
  await page.checked()
  const other = await page.run(
    () =>
      [...document.querySelectorAll('.why a')]
        .find((one) => one.textContent.startsWith('Other jobs'))
        ?.getAttribute('href') ?? '',
  )
  expect(other).toBe('/orgs/acme/search?host=api.example.com')
  await page.click('link', 'Its requests')
  await page.sees('heading', 'HTTPS')
  expect(await page.run(() => location.search)).toBe('?tab=https&search=api.example.com')
})

test('what is on the block list can be allowed by nobody', async () => {
  const page = await open('4101', 'build')
  await page.click('button', /^why\? stealer/)
  await page.until(
    () => document.querySelector('.why')?.textContent.includes('no policy can allow it') === true,
  )
})

test('a viewer sees the line, and no button that would save it', async () => {
  const { auth, db } = web.rig.server.context
  const organisation = web.rig.acme
  const id = '01j00000000000000000000view'
  db.run(
    'INSERT INTO users (id, issuer, subject, name, created_at) VALUES (?, ?, ?, ?, 0)',
    id,
    'local',
    'viewer',
    'viewer',
  )
  db.run(
    'INSERT INTO members (user_id, organisation_id, role, added_at) VALUES (?, ?, ?, 0)',
    id,
    organisation.id,
    'viewer',
  )
  const job = await web.job('4101', 'test')
  const page = await web.open(`/github/acme/app/actions/runs/4101/jobs/${job}?tab=network`, {
    as: `runwarden-session=${auth.createSession(id)}`,
  })
  await page.sees('button', /^why\? api/)
  await page.click('button', /^why\? api/)
  await page.sees('button', 'Copy line')
  expect(await page.names('button')).not.toContain('Add to a policy…')
})

test('a job that reached nothing says so', async () => {
  const page = await open('4300', 'nothing')
  await page.until(() => document.querySelector('.nothing') !== null)
  expect(await page.run(() => document.querySelector('.nothing')?.textContent)).toBe(
    'No destination was reached or tried.',
  )
  await page.checked()
})

test('3,000 destinations are searched at once, and only the lines in sight are drawn', async () => {
  const path = await madeJob(web, '5000', [
    exec(1, 100),
    ...Array.from({ length: 3000 }, (_, index) =>
      connect(index + 2, { host: `host-${index}.example.org`, address: '192.0.2.9' }),
    ),
  ])
  const page = await web.open(`${path}?tab=network`)
  await page.until(() => document.querySelector('.found')?.textContent === '3,000 destinations')
  expect(await page.run(() => document.querySelectorAll('.tab tbody tr').length)).toBeLessThan(120)
  await page.focus('searchbox', 'Search destinations')
  await page.type('host-2999')
  await page.until(() => document.querySelector('.found')?.textContent === '1 destination')
  expect(await places(page)).toEqual([['allowed', 'host-2999.example.org:443']])
  await page.checked()
})

const names = hostile.filter((text) => text !== '' && text.length < 5000 && text.isWellFormed())

test.each(['network', 'dns', 'https', 'policy'])(
  'whatever a job calls its hosts and programs is text in %s',
  async (tab) => {
    const path = await madeJob(
      web,
      `51${tab.length}`,
      names.flatMap((text, index) => [
        exec(index * 3 + 1, 100 + index, { exe: `/tmp/${text}`, argv: [text] }),
        connect(index * 3 + 2, {
          host: text.slice(0, 250),
          step: text.slice(0, 100),
          verdict: 'would-block',
          reason: text,
          execId: execIdOf(100 + index),
        }),
        query(index * 3 + 3, { name: `${'n'.repeat(4000)}${index}.example` }),
      ]),
    )
    const page = await web.open(`${path}?tab=${tab}`)
    await page.run(() => {
      Object.assign(globalThis, { canary: () => document.body.remove() })
    })
    if (tab === 'network') {
      await page.click('button', /^why\?/)
      await page.until(() => document.querySelector('.why') !== null)
    }
    await page.checked()
    const text = await page.run(() => document.querySelector('main')?.textContent ?? '')
    // oxlint-disable-next-line no-control-regex -- that there is none
    expect(text).not.toMatch(/[\u0000-\u0008\u202e\u2066\u200b]/)
  },
)
