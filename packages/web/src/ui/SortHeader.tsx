import type { Column } from './DataTable.tsx'

export interface Order {
  column: number
  descending: boolean
}

interface Props<R> {
  column: Column<R>
  index: number
  order: Order | null
  onOrder: (order: Order | null) => void
}

/** A column's heading; pressed, it sorts: numbers from the greatest, text from A, then the other way, then not. */
export function SortHeader<R>({ column, index, order, onOrder }: Props<R>) {
  const className = column.number === true ? 'number' : undefined
  if (column.by === undefined) {
    return (
      <th scope="col" className={className}>
        {column.title}
      </th>
    )
  }
  const current = order?.column === index ? order : null
  const first = column.number === true
  const next = (): Order | null => {
    if (current === null) return { column: index, descending: first }
    return current.descending === first ? { column: index, descending: !first } : null
  }
  const sorted = current === null ? 'none' : current.descending ? 'descending' : 'ascending'
  return (
    <th scope="col" className={className} aria-sort={sorted}>
      <button type="button" onClick={() => onOrder(next())}>
        {column.title}
        <span aria-hidden="true" className={`arrow ${sorted}`} />
      </button>
    </th>
  )
}
