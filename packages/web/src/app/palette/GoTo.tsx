import { lazy, Suspense, useEffect, useState } from 'react'
import { patientLoad } from '../patient-load.ts'

const Palette = lazy(() => patientLoad(() => import('./Palette.tsx')))

const isApple = /Mac|iPhone|iPad/.test(navigator.userAgent)
/** As the person's keyboard calls it. */
export const paletteKeys = isApple ? ['⌘', 'k'] : ['Ctrl', 'k']

/** The way to everywhere: a button, and Ctrl-K or Command-K wherever one is. */
export function GoTo() {
  const [open, setOpen] = useState(false)
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const { key, ctrlKey, metaKey, altKey, shiftKey } = event
      const modified = isApple ? metaKey && !ctrlKey : ctrlKey && !metaKey
      if (key.toLowerCase() !== 'k' || !modified || altKey || shiftKey) return
      event.preventDefault()
      setOpen(true)
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [])
  return (
    <>
      <button type="button" className="go-to" aria-haspopup="dialog" onClick={() => setOpen(true)}>
        Go to… <kbd aria-hidden="true">{paletteKeys.join(isApple ? '' : ' ')}</kbd>
      </button>
      {open && (
        <Suspense fallback={null}>
          <Palette onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  )
}
