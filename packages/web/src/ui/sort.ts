import type { Column } from './DataTable.tsx'
import type { Order } from './SortHeader.tsx'

/** Rows as a column orders them; null: as they are. */
export function sortRows<R>(
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
