/** Folders that hold what others wrote, and how many folders below them are one dependency. */
const holders: readonly (readonly [folder: string, depth: number])[] = [
  ['node_modules', 1],
  ['bower_components', 1],
  ['site-packages', 1],
  ['dist-packages', 1],
  ['vendor', 2],
  ['third_party', 1],
  ['Pods', 1],
  ['deps', 1],
]

/** … in a home, Cargo's: by registry and crate. */
const holdersOutside: readonly (readonly [folder: string, depth: number])[] = [
  ...holders,
  ['.cargo/registry/src', 2],
]
/** … and Go's, e.g. `example.org/words@v1.0.0`. */
const goModule = /^.*\/go\/pkg\/mod\/[^@]*@[^/]*/

/**
 * The folder of the dependency that a file belongs to; null: it is none's. Scoped packages of npm (`@a/b`) are two folders.
 * Outside of the workspace only folders of dependencies are looked at, all of them.
 */
export function packageOf(path: string, workspace: string): string | null {
  const inside = path.startsWith(workspace === '/' ? '/' : `${workspace}/`)
  let end = -1
  for (const [folder, depth] of inside ? holders : holdersOutside) {
    const at = path.lastIndexOf(`/${folder}/`)
    if (at < (inside ? workspace.length : 0)) continue
    let to = at + folder.length + 1
    const levels = depth + (path[to + 1] === '@' ? 1 : 0)
    for (let level = 0; level < levels && to >= 0; level++) to = path.indexOf('/', to + 1)
    if (to > end) end = to
  }
  if (end >= 0) return path.slice(0, end)
  return inside ? null : (goModule.exec(path)?.[0] ?? null)
}
