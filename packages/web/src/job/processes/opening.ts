import type { TreeProcess } from '@runwarden/api'
import type { Branch } from './lines.ts'

/** What a person has opened and closed. */
export interface Opening {
  opened: ReadonlySet<string>
  closed: ReadonlySet<string>
}

/** Open at first: so many generations, behind the first one of processes that do not have hundreds of children, and so many in all. */
const generations = 4
const family = 60
const most = 40

/** Which processes are open, as far as the tree is there: what was opened, and the first generations. */
export function openOf(
  branches: ReadonlyMap<string, Branch>,
  { opened, closed }: Opening,
): Set<string> {
  const open = new Set<string>()
  let free = most
  let level: readonly TreeProcess[] = branches.get('')?.items ?? []
  for (let depth = 0; level.length > 0; depth += 1) {
    const below: TreeProcess[] = []
    for (const process of level) {
      const { execId, children } = process
      if (children === 0 || closed.has(execId)) continue
      const isFirst = depth < generations && (depth === 0 || children <= family) && free > 0
      if (!opened.has(execId) && !isFirst) continue
      if (!opened.has(execId)) free -= 1
      open.add(execId)
      below.push(...(branches.get(execId)?.items ?? []))
    }
    level = below
  }
  return open
}
