import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { memo, useEffect, useMemo, useRef, useState, type ReactNode } from 'react'
import { grouped } from '@runwarden/report/view'
import type { Column } from './DataTable.tsx'
import { SortHeader, type Order } from './SortHeader.tsx'
import { sortRows } from './sort.ts'

interface Props<R> {
  /** What the table lists, for those who don't see where it stands. */
  caption: string
  columns: readonly Column<R>[]
  /** What has come so far. */
  rows: readonly R[]
  rowKey: (row: R) => string
  /** How many there are in all; null: not known. */
  total?: number | null
  /** Asks for the next page; null: all rows are there, and can be sorted. */
  more?: (() => void) | null
  moreComes?: boolean
  /** The line that the page is about now. */
  current?: string | null
  /** What stands below a line, over all columns; null: nothing. */
  detail?: (row: R) => ReactNode
  /** Lines that belong together stay so in every order: below a heading, in the order in which the rows have them. */
  sections?: Sections<R> | undefined
}

export interface Sections<R> {
  of: (row: R) => string
  /** @param row the first of its section */
  heading: (row: R) => ReactNode
}

/** Fewer lines than that are all in the document. */
const plain = 120
/** Lines before the end at which the next page is asked for: who scrolls fast does not wait there. */
const near = 150
const nothing = (): ReactNode => null
/** About what a line is high, pixels; each is measured when it is drawn. */
const guess = 46

/** A table over a list that comes in pages: only the lines in sight are in the document, and the next page comes when its end does. */
export function PagedTable<R>(props: Props<R>) {
  const { caption, columns, rowKey, total = null, more = null, moreComes = false, sections } = props
  const [order, setOrder] = useState<Order | null>(null)
  const complete = more === null
  const rows = useMemo(() => {
    const sorted = complete ? sortRows(props.rows, columns, order) : props.rows
    return sections === undefined ? sorted : together(sorted, props.rows, sections.of)
  }, [props.rows, columns, order, complete, sections])
  /** The heading above a line: of those of a section only the first has one. */
  const headingOf = (row: R, index: number): ReactNode => {
    if (sections === undefined) return null
    const before = rows[index - 1]
    const begins = before === undefined || sections.of(before) !== sections.of(row)
    return begins ? sections.heading(row) : null
  }
  const body = useRef<HTMLTableElement>(null)
  const { detail = nothing } = props
  const [above, setAbove] = useState(0)
  useEffect(() => {
    const head = body.current?.tHead
    if (head) setAbove(head.getBoundingClientRect().bottom + window.scrollY)
  }, [])
  const virtual = rows.length > plain
  // We use no compiler that would memoize what it gives.
  // oxlint-disable-next-line react/incompatible-library
  const lines = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => guess,
    overscan: 8,
    scrollMargin: above,
    enabled: virtual,
  })
  const shown = virtual
    ? lines.getVirtualItems()
    : rows.map((_, index) => ({ index, start: 0, end: 0 }))
  const last = shown.at(-1)?.index ?? -1
  useEffect(() => {
    if (virtual && last >= rows.length - near && more !== null && !moreComes) more()
  }, [virtual, last, rows.length, more, moreComes])
  const before = virtual ? Math.max(0, (shown[0]?.start ?? above) - above) : 0
  const after = virtual
    ? Math.max(0, lines.getTotalSize() - ((shown.at(-1)?.end ?? above) - above))
    : 0
  const known = total ?? (complete ? rows.length : -1)
  return (
    <>
      {/* What scrolls must be in reach of the keyboard. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <section className="table" aria-label={`${caption}, scrollable`} tabIndex={0}>
        <table ref={body} aria-rowcount={known < 0 ? -1 : known + 1}>
          <caption className="unseen">{caption}</caption>
          <thead>
            <tr aria-rowindex={1}>
              {columns.map((column, index) => (
                <SortHeader
                  key={column.title}
                  column={complete ? column : withoutOrder(column)}
                  index={index}
                  order={order}
                  onOrder={setOrder}
                />
              ))}
            </tr>
          </thead>
          <Gap height={before} columns={columns.length} />
          {shown.map(({ index }) => {
            const row = rows[index]
            if (row === undefined) return null
            return (
              <Line
                key={rowKey(row)}
                row={row}
                index={index}
                columns={columns}
                above={headingOf(row, index)}
                below={detail(row)}
                current={props.current === rowKey(row)}
                measure={virtual ? lines.measureElement : undefined}
              />
            )
          })}
          <Gap height={after} columns={columns.length} />
        </table>
      </section>
      <End rows={rows.length} total={total} more={more} moreComes={moreComes} />
    </>
  )
}

interface LineProps<R> {
  row: R
  index: number
  columns: readonly Column<R>[]
  above: ReactNode
  below: ReactNode
  current: boolean
  measure: ((line: HTMLElement | null) => void) | undefined
}

/** One row with what stands below it, measured together. Scrolling draws only lines that are new: of some thousand, each frame. */
const Line = memo(function Line<R>(props: LineProps<R>) {
  const { row, index, columns, above, below, current, measure } = props
  return (
    <tbody data-index={index} ref={measure}>
      {above !== null && (
        <tr className="section">
          <th colSpan={columns.length} scope="colgroup">
            {above}
          </th>
        </tr>
      )}
      <tr aria-rowindex={index + 2} aria-current={current || undefined}>
        {columns.map((column) => (
          <td key={column.title} className={styleOf(column)}>
            {column.cell(row)}
          </td>
        ))}
      </tr>
      {below !== null && (
        <tr className="below">
          <td colSpan={columns.length}>{below}</td>
        </tr>
      )}
    </tbody>
  )
}) as <R>(props: LineProps<R>) => ReactNode

/** Rows section by section: these in the order in which `all` has them, what is in each as it is sorted. */
function together<R>(rows: readonly R[], all: readonly R[], of: (row: R) => string): R[] {
  const found = new Map<string, R[]>(all.map((row) => [of(row), []]))
  for (const row of rows) found.get(of(row))?.push(row)
  return [...found.values()].flat()
}

function Gap({ height, columns }: { height: number; columns: number }): ReactNode {
  if (height === 0) return null
  return (
    <tbody aria-hidden="true">
      <tr>
        {/* Only room. */}
        {/* oxlint-disable-next-line jsx-a11y/control-has-associated-label */}
        <td colSpan={columns} style={{ height, padding: 0, border: 0 }} />
      </tr>
    </tbody>
  )
}

/** How much of the list is there, and the way to the rest for those who do not scroll. */
function End(props: {
  rows: number
  total: number | null
  more: (() => void) | null
  moreComes: boolean
}) {
  const { rows, total, more, moreComes } = props
  if (more === null) return null
  return (
    <p className="end">
      {grouped(rows)} {total === null ? 'so far' : `of ${grouped(total)}`}{' '}
      <button type="button" onClick={more} disabled={moreComes}>
        {moreComes ? 'Loading…' : 'Load more'}
      </button>
    </p>
  )
}

function withoutOrder<R>(column: Column<R>): Column<R> {
  const { by: _, ...unordered } = column
  return unordered
}

export function styleOf<R>(column: Column<R>): string | undefined {
  if (column.number === true) return 'number'
  if (column.tight === true) return 'tight'
  return column.wide === true ? 'wide' : undefined
}
