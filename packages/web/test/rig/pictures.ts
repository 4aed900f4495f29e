import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page, Size } from '../page.ts'

interface Taking {
  folder: string
  /** What the pictures are called: by the page's path. */
  path: string
  sizes: readonly Size[]
  /** Waits until all that is to be seen is there. */
  settled: () => Promise<void>
}

/** Pictures of a page as it is now, in both themes: `<path>-<size>-<theme>.png`. */
export async function takePictures(
  page: Page,
  { folder, path, sizes, settled }: Taking,
): Promise<void> {
  const name = path.replaceAll(/[^\w]+/g, '-').replaceAll(/^-|-$/g, '') || 'home'
  for (const size of sizes)
    for (const dark of [false, true]) {
      await page.resize(size)
      await page.preferDark(dark)
      await settled()
      writeFileSync(
        join(folder, `${name}-${size}-${dark ? 'dark' : 'light'}.png`),
        await page.picture(),
      )
    }
}
