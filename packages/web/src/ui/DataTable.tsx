import { useMemo, useState, type ReactNode } from 'react'
import { grouped } from '@runwarden/report/view'
import { styleOf } from './PagedTable.tsx'
import { sortRows } from './sort.ts'
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
  const sorted = useMemo(() => sortRows(rows, columns, order), [rows, columns, order])
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
                  <td key={column.title} className={styleOf(column)}>
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
