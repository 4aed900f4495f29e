import { useEffect, useRef } from 'react'

/** Keys of a page that mean something where nobody writes and no dialog is open. @param does by `KeyboardEvent.key` */
export function useKeys(does: Readonly<Record<string, () => void>>): void {
  const latest = useRef(does)
  useEffect(() => {
    latest.current = does
  })
  useEffect(() => {
    let afterG = false
    const onKey = (event: KeyboardEvent): void => {
      // `g` and a letter lead to another page.
      const led = afterG
      afterG = event.key === 'g'
      if (led || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
      if (document.querySelector('dialog[open]') !== null) return
      const { target } = event
      if (target instanceof HTMLElement) {
        const written =
          target.isContentEditable ||
          /^(TEXTAREA|SELECT)$/.test(target.tagName) ||
          (target instanceof HTMLInputElement && target.type !== 'checkbox')
        // Enter on a link or a button is its own.
        if (written || (event.key === 'Enter' && /^(A|BUTTON|SUMMARY)$/.test(target.tagName)))
          return
      }
      const deed = latest.current[event.key]
      if (deed === undefined) return
      event.preventDefault()
      deed()
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [])
}
