import { execFile } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { hashOf, root } from './sources.ts'

const vite = join(dirname(fileURLToPath(import.meta.resolve('vite/package.json'))), 'bin/vite.js')
const run = promisify(execFile)

/** The app as the build makes it from the sources of now: its folder, in build/web-app. Whoever comes second waits. */
export async function builtApp(): Promise<string> {
  // One that is built already, from whatever state of the sources.
  const given = process.env['RUNWARDEN_WEB_APP']
  if (given !== undefined) return given
  const parent = join(root, 'build/web-app')
  const folder = join(
    parent,
    hashOf(['packages/web/src', 'packages/report/src', 'packages/api/src']),
  )
  mkdirSync(parent, { recursive: true })
  if (!existsSync(folder))
    await run(
      'flock',
      [
        join(parent, 'lock'),
        'sh',
        '-c',
        '[ -e "$1" ] || { "$2" "$3" build --config vite.app.config.ts --outDir "$1.new" --logLevel error && mv "$1.new" "$1"; }',
        'build',
        folder,
        process.execPath,
        vite,
      ],
      { cwd: join(root, 'packages/web') },
    )
  return folder
}
