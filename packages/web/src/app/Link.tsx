import type { ReactNode } from 'react'
import { Link as RouterLink } from 'react-router'

interface Props {
  /** Of `paths.ts`. */
  to: string
  className?: string
  title?: string
  'aria-label'?: string
  'aria-current'?: 'page' | undefined
  /** The place in the page stays: only what is shown of it changes. */
  stay?: boolean
  children: ReactNode
}

/** To another page of the app. */
export function Link({ stay = false, ...props }: Props) {
  return <RouterLink {...props} preventScrollReset={stay} />
}
