import type { ReactNode } from 'react'

interface Props<T extends string> {
  /** What is chosen: for those who do not see that the buttons belong together. */
  legend: string
  options: readonly T[]
  /** The one that holds; null: none does. */
  value: T | null
  /** What a button says; without this, the option itself. */
  text?: (option: T) => ReactNode
  /** A button was pressed, of the one that holds or of another one. */
  onPress: (option: T) => void
  /** Further buttons beside them. */
  children?: ReactNode
}

/** One of a few, each of which is a button. */
export function ChoiceButtons<T extends string>(props: Props<T>) {
  const { legend, options, value, text, onPress, children } = props
  return (
    <fieldset className="filter">
      <legend className="unseen">{legend}</legend>
      {options.map((one) => (
        <button key={one} type="button" aria-pressed={one === value} onClick={() => onPress(one)}>
          {text === undefined ? one : text(one)}
        </button>
      ))}
      {children}
    </fieldset>
  )
}
