import { useId, type ReactNode } from 'react'

interface Props {
  label: string
  /** What it is for, or what is wrong with it. */
  hint?: string
  problem?: string | undefined
  /** Is given what joins it to its label. */
  children: (of: { id: string; 'aria-describedby': string | undefined }) => ReactNode
}

/** One thing that a form asks for. */
export function Field({ label, hint, problem, children }: Props) {
  const id = useId()
  const said = problem ?? hint
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, 'aria-describedby': said === undefined ? undefined : `${id}-said` })}
      {said !== undefined && (
        <p id={`${id}-said`} className={problem === undefined ? 'hint' : 'hint problem'}>
          {said}
        </p>
      )}
    </div>
  )
}

interface InputProps {
  label: string
  hint?: string
  value: string
  onChange: (value: string) => void
  required?: boolean
  placeholder?: string
  maxLength?: number
  type?: 'text' | 'url' | 'number'
  list?: readonly string[]
}

export function TextField({ label, hint, value, onChange, list, ...input }: InputProps) {
  const known = useId()
  return (
    <Field label={label} {...(hint === undefined ? {} : { hint })}>
      {(of) => (
        <>
          <input
            {...of}
            type="text"
            spellCheck={false}
            autoComplete="off"
            {...input}
            value={value}
            list={list === undefined ? undefined : known}
            onChange={(event) => onChange(event.target.value)}
          />
          {list !== undefined && (
            <datalist id={known}>
              {list.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </datalist>
          )}
        </>
      )}
    </Field>
  )
}

interface SelectProps<T extends string> {
  label: string
  hint?: string
  value: T
  options: readonly (readonly [value: T, label: string])[]
  onChange: (value: T) => void
}

export function SelectField<T extends string>(props: SelectProps<T>) {
  const { label, hint, value, options, onChange } = props
  return (
    <Field label={label} {...(hint === undefined ? {} : { hint })}>
      {(of) => (
        <select
          {...of}
          value={value}
          onChange={({ target }) => {
            const chosen = options.find(([one]) => one === target.value)
            if (chosen !== undefined) onChange(chosen[0])
          }}
        >
          {options.map(([one, name]) => (
            <option key={one} value={one}>
              {name}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}
