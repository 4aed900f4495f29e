import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Of the repository. */
export const root = join(import.meta.dirname, '../../../..')

/** Of these files, and of all source files below these folders. */
export function hashOf(paths: readonly string[]): string {
  const hash = createHash('sha256')
  for (const path of paths) {
    const whole = join(root, path)
    const names = statSync(whole).isFile()
      ? ['']
      : readdirSync(whole, { recursive: true, encoding: 'utf8' })
          .filter((name) => /\.(tsx?|css|svg|html)$/.test(name))
          .toSorted()
    for (const name of names) hash.update(name).update(readFileSync(join(whole, name)))
  }
  return hash.digest('hex').slice(0, 20)
}
