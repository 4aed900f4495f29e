import { useId, useRef, type ReactNode } from 'react'

interface Props {
  /** On the button that asks, and on the one that does it. */
  label: string
  /** What it is done to: said with the label to those who don't see where the button stands. */
  of: string
  /** What happens then. */
  children: ReactNode
  disabled?: boolean
  onConfirm: () => void
}

/** A button for what can't be undone: it asks first. */
export function Confirm({ label, of, children, disabled = false, onConfirm }: Props) {
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  return (
    <>
      <button
        type="button"
        disabled={disabled}
        aria-label={`${label} ${of}`}
        onClick={() => dialog.current?.showModal()}
      >
        {label}
      </button>
      <dialog ref={dialog} className="keys confirm" aria-labelledby={id}>
        <h2 id={id}>
          {label} {of}?
        </h2>
        <div>{children}</div>
        <form method="dialog" className="actions">
          <button
            className="danger"
            onClick={() => {
              onConfirm()
            }}
          >
            {label}
          </button>
          <button>Keep it</button>
        </form>
      </dialog>
    </>
  )
}
