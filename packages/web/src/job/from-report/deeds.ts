import type { Act } from '../source.ts'
import type { Program, Rows, View } from '../rows.ts'

type Lists = { [V in View]: readonly Rows[V][] }

const times = (count: number): string => (count === 1 ? '' : ` ×${count}`)

/** What the lists of a report tell of one process. */
export function deedsOf(lists: Lists, execId: string): Act[] {
  const own = <R extends { programs: readonly Program[] }>(rows: readonly R[]): readonly R[] =>
    rows.filter(({ programs }) => programs.some((program) => program.execId === execId))
  return [
    ...own(lists.dns).map(
      (row) => `asked for ${row.name} (${row.type}): ${row.verdict}${times(row.count)}`,
    ),
    ...own(lists.destinations).map(
      (row) =>
        `connected to ${row.host ?? row.addresses[0] ?? ''}:${row.port}: ${row.verdict}${times(row.count)}`,
    ),
    ...own(lists.http).map(
      (row) =>
        `${row.method} ${row.scheme}://${row.host}${row.path}: ${row.verdict}${times(row.count)}`,
    ),
    ...own(lists.files).map((row) => `${row.action} ${row.path}${times(row.count)}`),
    ...own(lists.changes).map((row) => `${row.state} ${row.path}, not its own${times(row.count)}`),
    ...own(lists.sandbox).map((row) => `${row.change} ${row.detail}${times(row.count)}`),
  ].map((text) => ({ seq: 0, time: null, text }))
}
