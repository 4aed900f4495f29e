/** `node look.ts FOLDER PATH …`: pictures of these pages of the app, in both themes and both sizes; {RUN/JOB} in a path stands for a job's id. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Web } from './web.ts'

const [folder = '', ...paths] = process.argv.slice(2)
mkdirSync(folder, { recursive: true })
await using web = await Web.start()
for (const given of paths) {
  let path = given
  for (const [found, run = '', job = ''] of given.matchAll(/\{(\w+)\/(\w+)\}/g))
    path = path.replace(found, await web.job(run, job))
  const page = await web.open(path)
  const name = given.replaceAll(/[^\w]+/g, '-').replaceAll(/^-|-$/g, '') || 'home'
  for (const size of ['desk', 'phone'] as const)
    for (const dark of [false, true]) {
      await page.resize(size)
      await page.preferDark(dark)
      await page.settled()
      writeFileSync(
        join(folder, `${name}-${size}-${dark ? 'dark' : 'light'}.png`),
        await page.picture(),
      )
    }
  for (const one of [...page.problems, ...page.failed]) console.log(`${given}: ${one}`)
}
