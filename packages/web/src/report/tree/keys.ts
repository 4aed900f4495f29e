import type { Row } from './tree.ts'

export type Move = { select: string } | { toggle: string; open: boolean }

/**
 * What a key does in the tree, after the tree view pattern of the ARIA Authoring Practices: up and down go
 * line by line, right opens or enters, left closes or leaves. Null: the key is not ours.
 */
export function step(rows: readonly Row[], at: number, key: string, page: number): Move | null {
  const row = rows[at]
  const go = (index: number): Move | null => {
    const target = rows[Math.max(0, Math.min(rows.length - 1, index))]
    return target === undefined ? null : { select: target.node.execId }
  }
  switch (key) {
    case 'ArrowDown':
      return go(at + 1)
    case 'ArrowUp':
      return go(at < 0 ? 0 : at - 1)
    case 'PageDown':
      return go(at + page)
    case 'PageUp':
      return go(at - page)
    case 'Home':
      return go(0)
    case 'End':
      return go(rows.length - 1)
    case 'ArrowRight':
      if (row === undefined || row.children === 0) return null
      return row.open ? go(at + 1) : { toggle: row.node.execId, open: true }
    case 'ArrowLeft': {
      if (row === undefined) return null
      if (row.open) return { toggle: row.node.execId, open: false }
      for (let index = at - 1; index >= 0; index -= 1) {
        if ((rows[index]?.depth ?? 0) < row.depth) return go(index)
      }
      return null
    }
    case 'Enter':
    case ' ':
      return row === undefined || row.children === 0
        ? null
        : { toggle: row.node.execId, open: !row.open }
    default:
      return null
  }
}
