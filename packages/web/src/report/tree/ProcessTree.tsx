import { useEffect, useId, useRef, type KeyboardEvent } from 'react'
import { usePage } from '../context.ts'
import { ProcessRow } from './ProcessRow.tsx'
import { step, type Move } from './keys.ts'
import type { Row } from './tree.ts'
import { useWindow } from './window.ts'

interface Props {
  rows: readonly Row[]
  selected: string | null
  onSelect: (execId: string) => void
  onToggle: (execId: string, open: boolean) => void
  searching: boolean
}

const ROW = 28
const HEIGHT = 560

/** The tree as lines of which only those in sight are in the document; one stop for the keyboard, arrows move in it. */
export function ProcessTree({ rows, selected, onSelect, onToggle, searching }: Props) {
  const { report } = usePage()
  const prefix = useId()
  const box = useRef<HTMLDivElement>(null)
  const { from, to, onScroll } = useWindow(rows.length, ROW, HEIGHT)
  const at = rows.findIndex((row) => row.node.execId === selected)
  const span = { from: report.startTime, to: Math.max(report.endTime, report.startTime + 1) }

  useEffect(() => {
    const element = box.current
    if (element === null || at < 0) return
    const top = at * ROW
    if (top < element.scrollTop) element.scrollTop = top
    else if (top + ROW > element.scrollTop + element.clientHeight)
      element.scrollTop = top + ROW - element.clientHeight
  }, [at])

  const act = (move: Move): void => {
    if ('toggle' in move) onToggle(move.toggle, move.open)
    else onSelect(move.select)
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const move = step(rows, at, event.key, Math.floor(HEIGHT / ROW))
    if (move === null) return
    event.preventDefault()
    act(move)
  }
  return (
    <div
      ref={box}
      role="tree"
      aria-label="Process tree"
      tabIndex={0}
      className="tree"
      aria-activedescendant={at >= from && at < to ? `${prefix}${at}` : undefined}
      onScroll={onScroll}
      onKeyDown={onKeyDown}
    >
      <div role="presentation" className="lines-all" style={{ height: rows.length * ROW }}>
        {rows.slice(from, to).map((row, index) => (
          <ProcessRow
            key={row.node.execId}
            id={`${prefix}${from + index}`}
            row={row}
            top={(from + index) * ROW}
            span={span}
            selected={from + index === at}
            onSelect={() => onSelect(row.node.execId)}
            onToggle={searching ? undefined : () => onToggle(row.node.execId, !row.open)}
          />
        ))}
      </div>
    </div>
  )
}
