import { createHash } from 'node:crypto'
import { globSync, lstatSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * `hashFiles()`: SHA-256 over the SHA-256 of each file that the patterns name (`!` takes out), in the order of their
 * paths; empty: none.
 */
export function hashFiles(workspace: string, patterns: readonly string[]): string {
  const lines = patterns.flatMap((pattern) => pattern.split('\n')).map((line) => line.trim())
  const exclude = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1))
  const left = new Set(exclude.length === 0 ? [] : globSync(exclude, { cwd: workspace }))
  const wanted = lines.filter((line) => line !== '' && !line.startsWith('!'))
  const files = globSync(wanted, { cwd: workspace })
    .filter((path) => !left.has(path) && !path.startsWith('..'))
    .filter((path) => lstatSync(join(workspace, path)).isFile())
    .toSorted()
  if (files.length === 0) return ''
  const whole = createHash('sha256')
  for (const path of files)
    whole.update(
      createHash('sha256')
        .update(readFileSync(join(workspace, path)))
        .digest(),
    )
  return whole.digest('hex')
}
