import { afterAll, beforeAll, expect, test } from 'vitest'
import { choose } from '../rig/choose.ts'
import { Web } from '../rig/web.ts'

let web: Web
beforeAll(async () => {
  web = await Web.start()
})
afterAll(() => web[Symbol.asyncDispose]())

const job = async (run: string, name: string, repository = 'acme/app'): Promise<string> =>
  `/github/${repository}/actions/runs/${run}/jobs/${await web.job(run, name)}`

test('DNS: every name that was asked for, refused ones first, with its verdict and who asked', async () => {
  const page = await web.open(`${await job('4101', 'build')}?tab=dns`)
  const rows = await page.run(() =>
    [...document.querySelectorAll('.tab tbody tr')].map((row) => [
      row.querySelector('.chip')?.textContent,
      row.querySelector('td.wide code')?.textContent,
    ]),
  )
  expect(rows).toEqual([
    ['attack-blocked', 'stealer.example.net'],
    ['attack-blocked', 'stealer.example.net'],
    ['blocked', 'telemetry.example.net'],
    ['blocked', 'telemetry.example.net'],
    ['allowed', 'registry.example.org'],
    ['allowed', 'registry.example.org'],
  ])
  await page.checked()
  await choose(page, 'Step', 'compile')
  await page.until(() => document.querySelectorAll('.tab tbody tr').length === 2)
  await page.click('button', 'allowed')
  await page.until(
    () => document.querySelector('.nothing')?.textContent === 'Nothing is like that.',
  )
})

test('a job that asked for no name says so', async () => {
  const page = await web.open(`${await job('4300', 'nothing', 'acme/empty')}?tab=dns`)
  await page.until(() => document.querySelector('.nothing') !== null)
  expect(await page.run(() => document.querySelector('.nothing')?.textContent)).toBe(
    'No name was asked for.',
  )
})
