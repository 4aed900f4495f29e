import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Page } from '../page.ts'
import { type AppPage, Web } from '../rig/web.ts'

let web: Web
beforeAll(async () => {
  web = await Web.start()
})
afterAll(() => web[Symbol.asyncDispose]())

const field = 'A page, repository, run number or job'

/** By the keys, as from wherever the keyboard is. */
async function opened(path = '/orgs/acme/runs'): Promise<AppPage> {
  const page = await web.open(path)
  await page.run(() => {
    const key = { key: 'k', ctrlKey: true, bubbles: true, cancelable: true }
    document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', key))
  })
  await page.sees('dialog', 'Go to')
  await page.until(() => document.activeElement?.getAttribute('role') === 'combobox')
  return page
}

const replace = async (page: Page, text: string): Promise<void> => {
  await page.focus('combobox', field)
  await page.run(() => {
    if (document.activeElement instanceof HTMLInputElement) document.activeElement.select()
  })
  await page.type(text)
}

/** What the field says is chosen, to those who only hear it. */
const chosen = (page: Page) =>
  page.run(() => {
    const id = document.activeElement?.getAttribute('aria-activedescendant') ?? ''
    return document.getElementById(id)?.textContent
  })

const offered = (page: Page, text: string): Promise<void> =>
  page.until(
    (wanted) =>
      [...document.querySelectorAll('[role=option]')].some((one) => one.textContent === wanted),
    text,
  )

test('by Ctrl-K, some letters and Enter one is at a page; the arrows go up and down, and around', async () => {
  const page = await opened()
  expect(await chosen(page)).toBe('Overviewpage')
  await page.press('ArrowDown')
  await page.until(() => document.querySelectorAll('[aria-selected=true]').length === 1)
  expect(await chosen(page)).toBe('Runspage')
  await page.press('ArrowUp')
  await page.press('ArrowUp')
  await page.until(
    () =>
      document.querySelector('[role=option]:last-child')?.getAttribute('aria-selected') === 'true',
  )
  await page.checked()
  await replace(page, 'block')
  await page.until(() => document.querySelectorAll('[role=option]').length === 3)
  expect(await page.names('option')).toEqual([
    'Block list page',
    'Block list of the server server',
    'Jobs that had to do with host block search',
  ])
  await page.press('Enter')
  await page.until(() => location.pathname === '/orgs/acme/block-list')
  // The address changes first, then what is drawn.
  await page.until(() => document.activeElement?.id === 'content')
  expect(await page.names('dialog')).toEqual([])
})

test('a repository, a run by its number, and a job by its id are found', async () => {
  const page = await opened('/server')
  await replace(page, 'hostile')
  await offered(page, 'acme/hostilerepository')
  await replace(page, '4101')
  await offered(page, 'CI #4101 of acme/apprun')
  expect(await chosen(page)).toBe('CI #4101 of acme/apprun')
  const job = await web.job('4101', 'build')
  await replace(page, job)
  await offered(page, `${job}job`)
  await page.press('Enter')
  await page.until((id) => location.pathname === `/orgs/acme/jobs/${id}`, job)
  await page.sees('heading', 'build')
})

test('what is called nothing is looked for across jobs, as what it most probably is', async () => {
  const page = await opened()
  await replace(page, '203.0.113.66')
  await offered(page, 'Jobs that had to do with address 203.0.113.66search')
  await page.press('Enter')
  await page.until(() => location.search === '?address=203.0.113.66')
})

test('Escape leads back to where the keyboard was, and a button opens it, too', async () => {
  const page = await web.open('/orgs/acme/runs')
  await page.focus('button', /^Go to/)
  await page.click('button', /^Go to/)
  await page.sees('dialog', 'Go to')
  await page.until(() => document.activeElement?.getAttribute('role') === 'combobox')
  await page.press('Escape')
  await page.until(() => document.querySelector('dialog.dialog') === null)
  expect(await page.run(() => document.activeElement?.className)).toBe('go-to')
})
