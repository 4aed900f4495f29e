import type { MouseEvent, ReactNode } from 'react'
import { useAddress } from './address.ts'

interface Props {
  /** What it changes in the address. */
  set: Readonly<Record<string, string | null>>
  className?: string
  title?: string
  'aria-current'?: 'page' | undefined
  children: ReactNode
}

/** To another state of this page; with a modifier key the browser opens it as any link. */
export function AddressLink({ set: changes, children, ...more }: Props) {
  const { href, set } = useAddress()
  const onClick = (event: MouseEvent): void => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
      return
    event.preventDefault()
    set(changes, true)
  }
  return (
    <a {...more} href={href(changes)} onClick={onClick}>
      {children}
    </a>
  )
}
