import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface Tarball {
  integrity: string
  shasum: string
}

/** Packs a package's folder as npm does: everything below `package/`, without its node_modules. */
export async function packFolder(folder: string, file: string): Promise<Tarball> {
  await mkdir(dirname(file), { recursive: true })
  await run('tar', [
    '--create',
    '--use-compress-program=gzip -1',
    `--file=${file}`,
    `--directory=${folder}`,
    '--exclude=./node_modules',
    '--sort=name',
    '--mtime=@0',
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '--transform=s,^\\.,package,',
    '.',
  ])
  const bytes = await readFile(file)
  return {
    integrity: `sha512-${createHash('sha512').update(bytes).digest('base64')}`,
    shasum: createHash('sha1').update(bytes).digest('hex'),
  }
}

/** Writes a package that exists as text only into a folder. */
export async function writeFiles(folder: string, files: Record<string, string>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
  }
}
