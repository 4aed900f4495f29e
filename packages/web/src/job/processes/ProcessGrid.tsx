/* oxlint-disable jsx-a11y/prefer-tag-over-role -- lines that are placed one by one are no table to a browser */
import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useId, useRef, type KeyboardEvent } from 'react'
import { step, type Move } from './keys.ts'
import type { Line } from './lines.ts'
import { ProcessLine } from './ProcessLine.tsx'

interface Props {
  lines: readonly Line[]
  selected: string | null
  onSelect: (execId: string) => void
  onToggle: (execId: string, open: boolean) => void
  /** Shows each of the processes that are one line. */
  onUnfold: (execId: string) => void
}

/** Pixels; as `.tree .line` has it. */
const lineHeight = 28

/** Lines ahead of which the next page of a branch is asked for: who scrolls fast does not wait at its end. */
const near = 150

const columns = [
  ['name', 'Command'],
  ['marks', 'Did'],
  ['step', 'Step'],
  ['ended', 'Ended'],
  ['took', 'Took'],
  ['pid', 'Pid'],
] as const

const keyOf = (line: Line): string =>
  line.kind === 'process' ? line.process.execId : `more ${line.key}`

/** The tree as lines of which only those in sight are in the document; one stop for the keyboard, arrows move in it. */
export function ProcessGrid({ lines, selected, onSelect, onToggle, onUnfold }: Props) {
  const prefix = useId()
  const box = useRef<HTMLDivElement>(null)
  // We use no compiler that would memoize what it gives.
  // oxlint-disable-next-line react/incompatible-library
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: () => lineHeight,
    getItemKey: (index) => {
      const line = lines[index]
      return line === undefined ? index : keyOf(line)
    },
    overscan: 12,
  })
  const at = lines.findIndex((line) => line.kind === 'process' && line.process.execId === selected)
  const items = virtual.getVirtualItems()
  const [first, last] = [items[0]?.index ?? 0, items.at(-1)?.index ?? -1]

  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at, { align: 'auto' })
  }, [at, virtual])
  // Who comes near the end of a branch gets its next page.
  useEffect(() => {
    for (const line of lines.slice(first, last + near)) if (line.kind === 'more') line.more?.()
  }, [lines, first, last])

  const act = (move: Move): void => {
    if ('toggle' in move) onToggle(move.toggle, move.open)
    else onSelect(move.select)
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const page = Math.floor((box.current?.clientHeight ?? 0) / lineHeight)
    const move = step(lines, at, event.key, page)
    if (move === null) return
    event.preventDefault()
    act(move)
  }
  return (
    <div
      ref={box}
      role="treegrid"
      aria-label="Processes"
      aria-rowcount={lines.length + 1}
      aria-colcount={columns.length}
      tabIndex={0}
      className="tree"
      aria-activedescendant={at >= first && at <= last ? `${prefix}${at}` : undefined}
      onKeyDown={onKeyDown}
    >
      <div role="row" className="line head" aria-rowindex={1}>
        {columns.map(([className, title]) => (
          <span key={title} role="columnheader" className={className}>
            {title}
          </span>
        ))}
      </div>
      <div role="rowgroup" className="lines-all" style={{ height: virtual.getTotalSize() }}>
        {items.map(({ index, start, key }) => {
          const line = lines[index]
          return line === undefined ? null : (
            <ProcessLine
              key={key}
              id={`${prefix}${index}`}
              index={index}
              line={line}
              top={start}
              selected={index === at}
              onSelect={onSelect}
              onToggle={onToggle}
              onUnfold={onUnfold}
            />
          )
        })}
      </div>
    </div>
  )
}
