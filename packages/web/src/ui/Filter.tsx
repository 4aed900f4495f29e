import { grouped } from '@runwarden/report/view'

interface Props<T extends string> {
  label: string
  options: readonly { value: T; count: number }[]
  chosen: T | null
  onChoose: (value: T | null) => void
}

/** Buttons that narrow a list to one kind; pressing the pressed one shows all again. */
export function Filter<T extends string>({ label, options, chosen, onChoose }: Props<T>) {
  if (options.length < 2) return null
  return (
    <fieldset className="filter">
      <legend className="unseen">{label}</legend>
      {options.map(({ value, count }) => (
        <button
          key={value}
          type="button"
          aria-pressed={chosen === value}
          onClick={() => onChoose(chosen === value ? null : value)}
        >
          {value} <span className="count">{grouped(count)}</span>
        </button>
      ))}
    </fieldset>
  )
}

/** The kinds among `rows` with their numbers, in order of first appearance. */
export function kinds<R, T extends string>(
  rows: readonly R[],
  kind: (row: R) => T,
): { value: T; count: number }[] {
  const counts = new Map<T, number>()
  for (const row of rows) counts.set(kind(row), (counts.get(kind(row)) ?? 0) + 1)
  return [...counts].map(([value, count]) => ({ value, count }))
}
