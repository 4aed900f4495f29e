import { useId } from 'react'

interface Props {
  label: string
  value: string
  onChange: (value: string) => void
  /** What the search left, said to those who don't see it. */
  found?: string
}

export function SearchBox({ label, value, onChange, found }: Props) {
  const id = useId()
  return (
    <div className="search">
      <label htmlFor={id} className="unseen">
        {label}
      </label>
      <input
        id={id}
        type="search"
        placeholder={label}
        value={value}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => onChange(event.target.value)}
      />
      {found !== undefined && <output className="found">{found}</output>}
    </div>
  )
}
