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
