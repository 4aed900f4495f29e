import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A file of the web app, as its build left it. */
export interface WebFile {
  type: string
  etag: string
  /** By content coding; `identity` is the file itself. */
  bodies: Readonly<Partial<Record<Coding, Buffer>>> & { identity: Buffer }
}

export type Coding = 'br' | 'gzip' | 'identity'

/** Where `npm run build -w packages/web` leaves the app. */
const built = fileURLToPath(new URL('../../../web/dist/app/', import.meta.url))

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
}

const packed: Readonly<Record<string, Coding>> = { '.br': 'br', '.gz': 'gzip' }

/** The app's files by their path below it, without a slash before; null: this installation has none. */
export function readWebFiles(folder: string = built): ReadonlyMap<string, WebFile> | null {
  if (!existsSync(join(folder, 'index.html'))) return null
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
  const files = new Map<string, WebFile>()
  for (const path of paths) {
    if (extname(path) in packed) continue
    const identity = readFileSync(join(folder, path))
    const others = Object.entries(packed)
      .filter(([ending]) => paths.includes(path + ending))
      .map(([ending, coding]) => [coding, readFileSync(join(folder, path + ending))])
    files.set(path, {
      type: types[extname(path)] ?? 'application/octet-stream',
      etag: `"${createHash('sha256').update(identity).digest('base64url').slice(0, 22)}"`,
      bodies: { identity, ...(Object.fromEntries(others) as Partial<Record<Coding, Buffer>>) },
    })
  }
  return files
}
