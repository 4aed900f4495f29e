/** `node look.ts FOLDER PATH …`: pictures of these pages of the app, in both themes and both sizes; {RUN/JOB} in a path stands for a job's id. */
import { mkdirSync } from 'node:fs'
import { takePictures } from './pictures.ts'
import { Web } from './web.ts'

const [folder = '', ...paths] = process.argv.slice(2)
mkdirSync(folder, { recursive: true })
await using web = await Web.start()
for (const given of paths) {
  let path = given
  for (const [found, run = '', job = ''] of given.matchAll(/\{(\w+)\/(\w+)\}/g))
    path = path.replace(found, await web.job(run, job))
  const page = await web.open(path)
  await takePictures(page, {
    folder,
    path: given,
    sizes: ['desk', 'phone'],
    settled: () => page.settled(),
  })
  for (const one of [...page.problems, ...page.failed]) console.log(`${given}: ${one}`)
}
