import type { ReactNode } from 'react'

interface Props {
  /** Its line, in a square of 12. */
  d: string
  strokeWidth: number
  size?: number
  /** What is drawn below the line. */
  children?: ReactNode
}

/** A sign beside a word, which says the same. */
export function Sign({ d, strokeWidth, size = 11, children }: Props) {
  return (
    <svg viewBox="0 0 12 12" width={size} height={size} aria-hidden="true">
      {children}
      <path
        d={d}
        fill="none"
        stroke="currentColor"
        strokeWidth={strokeWidth}
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  )
}
