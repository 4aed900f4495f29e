import { afterAll, beforeAll, expect, test } from 'vitest'
import { Web } from '../rig/web.ts'

let web: Web
beforeAll(async () => {
  web = await Web.start()
})
afterAll(() => web[Symbol.asyncDispose]())

const job = async (run: string, name: string, repository = 'acme/app'): Promise<string> =>
  `/github/${repository}/actions/runs/${run}/jobs/${await web.job(run, name)}`

test('DNS: every name that was asked for, with its verdict and who asked', async () => {
  const page = await web.open(`${await job('4101', 'build')}?tab=dns`)
  const names = await page.names('rowheader')
  expect(names).toEqual([])
  await page.checked()
})
