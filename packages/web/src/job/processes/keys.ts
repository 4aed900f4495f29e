import type { Line } from './lines.ts'

export type Move = { select: string } | { toggle: string; open: boolean }

/**
 * What a key does in the tree, after the treegrid pattern of the ARIA Authoring Practices: up and down go line by line, right
 * opens or enters, left closes or leaves. Null: the key is not ours.
 */
export function step(lines: readonly Line[], at: number, key: string, page: number): Move | null {
  const line = lines[at]
  const go = (index: number, by: number): Move | null => {
    const bound = Math.max(0, Math.min(lines.length - 1, index))
    // A line that asks for more is passed over.
    for (let to = bound; to >= 0 && to < lines.length; to += by) {
      const target = lines[to]
      if (target?.kind === 'process') return { select: target.process.execId }
    }
    return null
  }
  const process = line?.kind === 'process' ? line.process : undefined
  switch (key) {
    case 'ArrowDown':
      return go(at + 1, 1)
    case 'ArrowUp':
      return go(at < 0 ? 0 : at - 1, -1)
    case 'PageDown':
      return go(at + page, 1)
    case 'PageUp':
      return go(at - page, -1)
    case 'Home':
      return go(0, 1)
    case 'End':
      return go(lines.length - 1, -1)
    case 'ArrowRight':
      if (line?.kind !== 'process' || line.process.children === 0) return null
      return line.open ? go(at + 1, 1) : { toggle: line.process.execId, open: true }
    case 'ArrowLeft': {
      if (line?.kind !== 'process') return null
      if (line.open) return { toggle: line.process.execId, open: false }
      for (let index = at - 1; index >= 0; index -= 1) {
        if ((lines[index]?.depth ?? 0) < line.depth) return go(index, -1)
      }
      return null
    }
    case 'Enter':
    case ' ':
      return process === undefined || process.children === 0 || line?.kind !== 'process'
        ? null
        : { toggle: process.execId, open: !line.open }
    default:
      return null
  }
}
