import { useId, useState } from 'react'
import { plain } from '@runwarden/events/plain'

interface Props<T extends string> {
  label: string
  /** What it means that nothing is chosen. */
  all?: string
  options: readonly T[]
  value: T | null
  onChoose: (value: T | null) => void
}

/** One of several, named by their texts; the first entry is all of them. */
export function Choice<T extends string>({ label, all, options, value, onChoose }: Props<T>) {
  const id = useId()
  // What was chosen is shown at once; the address that keeps it follows in its own time.
  const [shown, setShown] = useState(value)
  const [before, setBefore] = useState(value)
  if (before !== value) {
    setBefore(value)
    setShown(value)
  }
  const given = value !== null && !options.includes(value) ? [value, ...options] : options
  return (
    <span className="pick">
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        value={shown ?? ''}
        onChange={({ target }) => {
          const next = given.find((one) => one === target.value) ?? null
          setShown(next)
          onChoose(next)
        }}
      >
        {all !== undefined && <option value="">{all}</option>}
        {given.map((one) => (
          <option key={one} value={one}>
            {plain(one, 60)}
          </option>
        ))}
      </select>
    </span>
  )
}
