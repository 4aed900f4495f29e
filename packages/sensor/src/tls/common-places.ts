import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Where Linux distributions keep their libraries. */
const libraryPlaces = [
  '/usr/lib/*-linux-gnu',
  '/usr/lib64',
  '/usr/lib',
  '/usr/local/lib',
  '/opt/*/lib',
]
const libraryName = /^lib(ssl|gnutls)\.so\../
/** Programs of runners that bring a TLS library of their own. */
const programs = ['node', 'gh', 'docker', 'kubectl', 'terraform']
/** Where GitHub's runner and its tool cache keep node. */
const toolPlaces = [
  '/opt/hostedtoolcache/node/*/*/bin',
  '/home/runner/runners/*/externals/node*/bin',
]

/** Files that are probed before a job begins, so that none of its bytes goes before. */
export function commonPlaces(path = process.env['PATH'] ?? ''): string[] {
  const found = new Set<string>()
  const add = (file: string): void => {
    if (existsSync(file)) found.add(file)
  }
  for (const folder of toolPlaces.flatMap(foldersLike)) add(join(folder, 'node'))
  for (const folder of libraryPlaces.flatMap(foldersLike))
    for (const name of namesIn(folder)) if (libraryName.test(name)) add(join(folder, name))
  for (const folder of path.split(delimiter).filter((one) => one.startsWith('/')))
    for (const name of programs) add(join(folder, name))
  return [...found]
}

/** Folders, some of which may not exist, at a path with at most one `*` in each part. Node's own globbing takes 40 ms of a start. */
function foldersLike(pattern: string): string[] {
  let folders = ['/']
  for (const part of pattern.split('/').filter((one) => one !== '')) {
    const [before = '', after] = part.split('*')
    folders = folders.flatMap((folder) =>
      after === undefined
        ? join(folder, part)
        : namesIn(folder)
            .filter((name) => name.startsWith(before) && name.endsWith(after))
            .map((name) => join(folder, name)),
    )
  }
  return folders
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
