import { existsSync, globSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Where Linux distributions keep their libraries. */
const libraryPlaces = [
  '/usr/lib/*-linux-gnu',
  '/usr/lib64',
  '/usr/lib',
  '/usr/local/lib',
  '/opt/*/lib',
]
const libraryNames = ['libssl.so.*', 'libgnutls.so.*']
/** Programs of runners that bring a TLS library of their own. */
const programs = ['node', 'gh', 'docker', 'kubectl', 'terraform']
/** Where GitHub's runner and its tool cache keep node. */
const toolPlaces = [
  '/opt/hostedtoolcache/node/*/*/bin/node',
  '/home/runner/runners/*/externals/node*/bin/node',
]

/** Files that are probed before a job begins, so that none of its bytes goes before. */
export function commonPlaces(path = process.env['PATH'] ?? ''): string[] {
  const found = new Set<string>()
  for (const pattern of toolPlaces) for (const file of globSync(pattern)) found.add(file)
  for (const place of libraryPlaces)
    for (const name of libraryNames) for (const file of globSync(join(place, name))) found.add(file)
  for (const folder of path.split(delimiter).filter((one) => one.startsWith('/')))
    for (const name of programs) {
      const file = join(folder, name)
      if (existsSync(file)) found.add(file)
    }
  return [...found]
}
