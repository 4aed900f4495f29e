import { afterAll, beforeAll, expect, test } from 'vitest'
import { choose, fill } from '../rig/choose.ts'
import { Web } from '../rig/web.ts'

let web: Web
beforeAll(async () => {
  web = await Web.start()
})
afterAll(() => web[Symbol.asyncDispose]())

const hostile = '<script>alert(1)</script>\u202egpj'

test('an entry is added with its reason, and removed; what is no entry is refused in words', async () => {
  const page = await web.open('/orgs/acme/block-list')
  await fill(page, 'Name or address', 'not a name!')
  await fill(page, 'Reason', hostile)
  await page.click('button', 'Block it')
  await page.until(() => document.querySelector('[role=alert]') !== null)
  expect(await page.run(() => document.querySelector('[role=alert]')?.textContent)).toMatch(
    /^Not done: /,
  )
  await fill(page, 'Name or address', '*.evil.example')
  await choose(page, 'Blocked', '7')
  await page.click('button', 'Block it')
  await page.sees('button', 'Remove *.evil.example')
  const { body } = await web.rig.ask('GET', '/v1/orgs/acme/blocklist', {
    as: web.rig.acme.keys.viewer,
  })
  expect(body).toMatchObject({ wildcards: [{ value: '*.evil.example', reason: hostile }] })
  await page.checked({ status: 400 })
  await page.click('button', 'Remove *.evil.example')
  await page.click('button', 'Remove')
  await page.until(
    () => document.querySelector('button[aria-label="Remove *.evil.example"]') === null,
  )
})

test('an entry that is listed already is replaced only by who has seen both', async () => {
  const as = web.rig.acme.keys.editor
  const path = '/v1/orgs/acme/blocklist/entries'
  const reference = 'https://example.org/4711'
  const entries = [{ value: 'c2.example.net', reason: 'incident 4711', reference }]
  await web.rig.ask('POST', path, { as, body: { entries } })
  const listed = async (): Promise<unknown> =>
    (
      (await web.rig.ask('GET', `${path}?value=c2.example.net`, { as })).body as {
        items: { reason: string; expiresAt: number | null }[]
      }
    ).items.map(({ reason, expiresAt }) => [reason, expiresAt === null])
  const page = await web.open('/orgs/acme/block-list')
  await fill(page, 'Name or address', 'C2.example.net')
  await fill(page, 'Reason', 'seen again')
  await choose(page, 'Blocked', '7')
  await page.click('button', 'Block it')
  await page.sees('button', 'Replace it')
  expect(await page.run(() => document.querySelector('[role=alert]')?.textContent)).toBe(
    'Not done: c2.example.net is listed already, for good, by key editor: incident 4711 (https://example.org/4711).',
  )
  expect(await page.run(() => document.querySelector('main .banner')?.textContent)).toMatch(
    /until .*: seen again/,
  )
  await page.checked({ status: 409 })
  expect(await listed()).toEqual([['incident 4711', true]])
  await page.click('button', 'Replace it')
  await expect.poll(listed).toEqual([['seen again', false]])
})

test('runs that hit the list are shown, and how to use it elsewhere', async () => {
  const page = await web.open('/orgs/acme/block-list')
  await page.sees('button', 'Copy public feed')
  const text = await page.run(() => document.querySelector('#use')?.textContent ?? '')
  expect(text).toContain(`${web.url}/v1/blocklist`)
  await page.until(() => document.querySelector('#hits .skeleton') === null)
  await page.checked()
})

test('a feed that can’t be fetched says so, changes nothing, and is unfollowed', async () => {
  const page = await web.open('/orgs/acme/block-list')
  await fill(page, 'Name of the feed', hostile)
  await fill(page, 'Address', 'http://127.0.0.1:1/list.json')
  await choose(page, 'Believed by', 'sha256')
  await fill(page, 'SHA-256', '0'.repeat(64))
  await page.click('button', 'Follow it')
  await page.sees('button', /^Unfollow <script>/)
  await page.until(() => document.body.textContent.includes('Nothing of it is in force'))
  await page.checked()
  await page.click('button', /^Fetch now: <script>/)
  await page.click('button', /^Unfollow <script>/)
  await page.click('button', 'Unfollow')
  await page.until(() => document.body.textContent.includes('No feed is followed'))
})
