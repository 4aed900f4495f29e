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

/** The folder of the dependency that a file belongs to; null: it is none's. Scoped packages of npm (`@a/b`) are two folders. */
export function packageOf(path: string, workspace: string): string | null {
  if (!path.startsWith(workspace)) return null
  let end = -1
  for (const [folder, depth] of holders) {
    const at = path.lastIndexOf(`/${folder}/`)
    if (at < workspace.length) continue
    let to = at + folder.length + 1
    const levels = depth + (path[to + 1] === '@' ? 1 : 0)
    for (let level = 0; level < levels && to >= 0; level++) to = path.indexOf('/', to + 1)
    if (to > end) end = to
  }
  return end < 0 ? null : path.slice(0, end)
}
