import { useCallback } from 'react'
import { useBeforeUnload, useBlocker } from 'react-router'
import { Dialog } from '../ui/Dialog.tsx'

/** Asks before a link, the way back or the closing of the tab takes away what somebody has written on the page. */
export function Unsaved({ when }: { when: boolean }) {
  const blocker = useBlocker(
    ({ currentLocation: here, nextLocation: there }) =>
      when && (here.pathname !== there.pathname || here.search !== there.search),
  )
  useBeforeUnload(
    useCallback(
      (event) => {
        if (when) event.preventDefault()
      },
      [when],
    ),
  )
  if (blocker.state !== 'blocked') return null
  return (
    <Dialog title="Leave without saving?" onClose={() => blocker.reset()}>
      <p>What you have written is on this page alone.</p>
      <div className="actions">
        <button type="button" className="danger" onClick={() => blocker.proceed()}>
          Leave
        </button>
        <button type="button" onClick={() => blocker.reset()}>
          Stay
        </button>
      </div>
    </Dialog>
  )
}
