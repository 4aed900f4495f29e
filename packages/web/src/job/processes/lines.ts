import type { TreeProcess } from '@runwarden/api'
import type { Pages } from '../../ui/pages.ts'

/** A process's children as far as they are there. */
export interface Branch {
  items: readonly TreeProcess[]
  /** There are more: asks for the next ones. */
  more: (() => void) | null
  waiting: boolean
  /** The next ones did not come: asks for them again. */
  failed?: (() => void) | null
}

/** One line of the tree as it is shown. */
export type Line =
  | {
      kind: 'process'
      process: TreeProcess
      depth: number
      open: boolean
      /** Place among its siblings, from 1, and how many they are. */
      position: number
      siblings: number
      /** How many lines like it are folded into it, itself among them. */
      alike: number
    }
  | {
      kind: 'more'
      key: string
      depth: number
      more: (() => void) | null
      failed: (() => void) | null
      left: number | null
    }

export const branchOf = ({ rows, more, waiting }: Pages<TreeProcess>): Branch => ({
  items: rows,
  more,
  waiting,
})

/** What tells processes apart that are the same again and again, as the compilers of a build are not. */
const likeness = ({
  images,
  children,
  refused,
  detections,
  step,
  code,
  signal,
}: TreeProcess): string =>
  children > 0 || refused > 0 || detections > 0
    ? ''
    : JSON.stringify([images.map(({ exe, argv }) => [exe, argv]), step, code, signal])

/**
 * Lines from the top, the children of what is open below it. Siblings in a row that ran the same command, did nothing of
 * note and have no children are one line.
 * @param branches by parent; '' is of those without one
 */
export function linesOf(
  branches: ReadonlyMap<string, Branch>,
  open: ReadonlySet<string>,
  unfolded: ReadonlySet<string>,
): Line[] {
  const lines: Line[] = []
  const add = (parent: string, depth: number, siblings: number | null): void => {
    const branch = branches.get(parent)
    if (branch === undefined) return
    const count = siblings ?? branch.items.length
    for (let at = 0; at < branch.items.length;) {
      const process = branch.items[at]
      if (process === undefined) break
      let alike = 1
      const like = likeness(process)
      if (like !== '' && !unfolded.has(process.execId)) {
        for (;;) {
          const next = branch.items[at + alike]
          if (next === undefined || likeness(next) !== like) break
          alike += 1
        }
      }
      const isOpen = process.children > 0 && open.has(process.execId)
      lines.push({
        kind: 'process',
        process,
        depth,
        open: isOpen,
        position: at + 1,
        siblings: count,
        alike,
      })
      if (isOpen) add(process.execId, depth + 1, process.children)
      at += alike
    }
    const { failed = null } = branch
    if (branch.more !== null || branch.waiting || failed !== null)
      lines.push({
        kind: 'more',
        key: parent,
        depth,
        more: branch.more,
        failed,
        left: siblings === null ? null : siblings - branch.items.length,
      })
  }
  add('', 0, null)
  return lines
}
