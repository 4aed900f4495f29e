import { useMemo, useState, type ReactNode } from 'react'
import { grouped } from '@runwarden/report/view'
import { SortHeader, type Order } from './SortHeader.tsx'

export interface Column<R> {
  title: string
  cell: (row: R) => ReactNode
  /** Makes the column sortable. */
  by?: (row: R) => string | number
  number?: boolean
  /** Takes what room is left. */
  wide?: boolean
  /** Short words that are not to be broken. */
  tight?: boolean
}

interface Props<R> {
  /** What the table lists, for those who don't see where it stands. */
  caption: string
  columns: readonly Column<R>[]
  rows: readonly R[]
  rowKey: (row: R) => string
}

const FIRST = 50
const MORE = 500

/** A table that shows its first rows at once and more on demand: 20,000 rows cost nothing until somebody asks. */
export function DataTable<R>({ caption, columns, rows, rowKey }: Props<R>) {
  const [room, setRoom] = useState(FIRST)
  const [order, setOrder] = useState<Order | null>(null)
  const sorted = useMemo(() => sort(rows, columns, order), [rows, columns, order])
  const left = sorted.length - room
  return (
    <>
      {/* What scrolls must be in reach of the keyboard. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <section className="table" aria-label={`${caption}, scrollable`} tabIndex={0}>
        <table>
          <caption className="unseen">{caption}</caption>
          <thead>
            <tr>
              {columns.map((column, index) => (
                <SortHeader
                  key={column.title}
                  column={column}
                  index={index}
                  order={order}
                  onOrder={setOrder}
                />
              ))}
            </tr>
          </thead>
          <tbody>
            {sorted.slice(0, room).map((row) => (
              <tr key={rowKey(row)}>
                {columns.map((column) => (
                  <td key={column.title} className={style(column)}>
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {left > 0 && (
        <button type="button" className="more" onClick={() => setRoom(room + MORE)}>
          Show {grouped(Math.min(left, MORE))} more of {grouped(left)}
        </button>
      )}
    </>
  )
}

function style<R>(column: Column<R>): string | undefined {
  if (column.number === true) return 'number'
  if (column.tight === true) return 'tight'
  return column.wide === true ? 'wide' : undefined
}

function sort<R>(
  rows: readonly R[],
  columns: readonly Column<R>[],
  order: Order | null,
): readonly R[] {
  const by = order === null ? undefined : columns[order.column]?.by
  if (by === undefined || order === null) return rows
  const sign = order.descending ? -1 : 1
  return rows.toSorted((a, b) => {
    const [left, right] = [by(a), by(b)]
    return left === right ? 0 : left < right ? -sign : sign
  })
}
