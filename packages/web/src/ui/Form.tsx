import type { ReactNode } from 'react'
import { Refused } from './Refused.tsx'

interface FormProps {
  /** What it is called, where no heading says so. */
  label?: string
  className?: 'form' | 'stack' | 'saving' | 'filters'
  onSubmit: () => void
  children: ReactNode
}

/** A form that the page itself sends: the browser does not leave it. */
export function Form({ label, className = 'form', onSubmit, children }: FormProps) {
  return (
    <form
      className={className}
      aria-label={label}
      onSubmit={(event) => {
        event.preventDefault()
        onSubmit()
      }}
    >
      {children}
    </form>
  )
}

interface ChangeFormProps {
  label: string
  /** What is asked of the server. */
  change: { mutate: () => void; isPending: boolean; error: Error | null }
  /** What its button says. */
  button: string
  /** Whether what is written can be sent. */
  ready?: boolean
  /** What stands beside the button. */
  note?: ReactNode
  children: ReactNode
}

/** A form for one change, which says below its button why that was not made. */
export function ChangeForm(props: ChangeFormProps) {
  const { label, change, button, ready = true, note, children } = props
  return (
    <Form label={label} onSubmit={change.mutate}>
      {children}
      <div className="actions">
        <button className="primary" disabled={!ready || change.isPending}>
          {button}
        </button>
        {note}
      </div>
      <Refused error={change.error} />
    </Form>
  )
}
