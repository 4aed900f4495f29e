import { useState, type UIEvent } from 'react'

/** Lines kept above and below those in sight, so that scrolling never shows a gap. */
const MARGIN = 12

/** Which of `count` lines of `row` pixels are to be in the document of a box `height` pixels high. */
export function useWindow(
  count: number,
  row: number,
  height: number,
): { from: number; to: number; onScroll: (event: UIEvent<HTMLElement>) => void } {
  const [top, setTop] = useState(0)
  const first = Math.min(Math.floor(top / row), Math.max(0, count - 1))
  const from = Math.max(0, first - MARGIN)
  const to = Math.min(count, first + Math.ceil(height / row) + MARGIN)
  return { from, to, onScroll: (event) => setTop(event.currentTarget.scrollTop) }
}
