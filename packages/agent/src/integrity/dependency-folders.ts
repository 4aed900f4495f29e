import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

/** Where package managers put what programs load, and verify it no more: for all users of the machine. */
const ofMachine = [
  '/usr/lib/python3/dist-packages',
  '/usr/local/lib/python3*/dist-packages',
  '/usr/local/lib/python3*/site-packages',
  '/usr/lib/node_modules',
  '/usr/local/lib/node_modules',
  '/opt/hostedtoolcache/Python/*/*/lib/python3*/site-packages',
  '/opt/hostedtoolcache/node/*/*/lib/node_modules',
]

/** … and of one user. Where it is not there yet, the folder above it that is, but for the home itself. */
const ofUser = ['.cargo/registry/src', 'go/pkg/mod']
const ofUserByPattern = '.local/lib/python3*/site-packages'

/** Folders of dependencies beside the workspace that are there when a run begins: real paths. */
export function dependencyFolders(workspace: string): string[] {
  const home = /^\/home\/[^/]+(?=\/)/.exec(workspace)?.[0]
  const homes = home === undefined ? [homedir()] : [homedir(), home]
  const found = [
    ...ofMachine.flatMap(matching),
    ...homes.flatMap((one) => matching(join(one, ofUserByPattern))),
    ...homes.flatMap((one) => ofUser.flatMap((folder) => nearest(one, folder) ?? [])),
  ]
  const real = new Set(found.map((path) => realpathSync(path)))
  return [...real].filter((path) => !isBelow(path, workspace) && !isBelow(workspace, path))
}

/** What there is of a pattern: a star ends a component. */
function matching(pattern: string): string[] {
  const paths = pattern
    .split('/')
    .slice(1)
    .reduce<string[]>(
      (above, part) =>
        above.flatMap((path) =>
          part.endsWith('*')
            ? namesIn(path)
                .filter((name) => name.startsWith(part.slice(0, -1)))
                .map((name) => `${path}/${name}`)
            : [`${path}/${part}`],
        ),
      [''],
    )
  return paths.filter((path) => existsSync(path))
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function nearest(home: string, folder: string): string | undefined {
  for (let below = folder; below !== '.'; below = dirname(below))
    if (existsSync(join(home, below))) return join(home, below)
  return undefined
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`)
}
