/**
 * `node photograph.ts FOLDER SIGN-IN-LINK PATH …`: pictures of pages of a server that runs, in both themes. The link, which works
 * once, says which server, and as whom. Ends with 3 where there is no Chromium.
 */
import { mkdirSync } from 'node:fs'
import { Browser, chromium } from '../browser.ts'
import { takePictures } from './pictures.ts'
import { settled } from './settled.ts'

const [folder = '', link = '', ...paths] = process.argv.slice(2)
if (chromium() === undefined) process.exit(3)
mkdirSync(folder, { recursive: true })
await using browser = await Browser.start()
const page = await browser.openAs(link, {})
await settled(page)
for (const path of paths) {
  await page.go(new URL(path, link).href)
  await takePictures(page, { folder, path, sizes: ['desk'], settled: () => settled(page) })
}
