import { useId, useState } from 'react'
import { plain } from '@runwarden/events/plain'

interface Props {
  label: string
  value: string | null
  /** When the person has written it: by Enter, or by leaving it. */
  onWrite: (value: string | null) => void
  placeholder?: string
  /** What it may be, to choose from. */
  known?: readonly string[]
}

const none: readonly string[] = []

/** A line that a list is narrowed by, taken when it is whole. */
export function FilterText({ label, value, onWrite, placeholder, known = none }: Props) {
  const list = useId()
  const [text, setText] = useState(value ?? '')
  // The address has another one: by Back, or by what clears all.
  const [before, setBefore] = useState(value)
  if (before !== value) {
    setBefore(value)
    setText(value ?? '')
  }
  const write = (): void => {
    const next = text.trim()
    if (next !== (value ?? '')) onWrite(next === '' ? null : next)
  }
  return (
    <label className="choice">
      <span>{label}</span>
      <input
        value={text}
        placeholder={placeholder}
        spellCheck={false}
        autoComplete="off"
        list={known.length > 0 ? list : undefined}
        onChange={({ target }) => {
          setText(target.value)
          if (known.includes(target.value)) onWrite(target.value)
        }}
        onBlur={write}
        onKeyDown={({ key }) => {
          if (key === 'Enter') write()
        }}
      />
      {known.length > 0 && (
        <datalist id={list}>
          {known.map((one) => (
            <option key={one} value={one}>
              {plain(one, 200)}
            </option>
          ))}
        </datalist>
      )}
    </label>
  )
}
