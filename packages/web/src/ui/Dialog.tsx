import { useEffect, useId, useRef, type ReactNode } from 'react'

interface Props {
  title: string
  /** It was closed, by whatever way. */
  onClose: () => void
  children: ReactNode
}

/** Something to be done before the page goes on; Escape closes it. */
export function Dialog({ title, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => {
    const shown = dialog.current
    if (shown?.open === false) shown.showModal()
  }, [])
  return (
    <dialog ref={dialog} aria-labelledby={id} className="dialog" onClose={onClose}>
      <div className="heading">
        <h2 id={id}>{title}</h2>
        <button type="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
      {children}
    </dialog>
  )
}
