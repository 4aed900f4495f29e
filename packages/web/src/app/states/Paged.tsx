import type { ReactNode } from 'react'
import { Failure } from '../../ui/Failure.tsx'
import type { Pages } from '../../ui/pages.ts'
import { Skeleton } from '../../ui/Skeleton.tsx'

interface Props {
  pages: Pages<unknown>
  /** What is waited for, to those who don't see it. */
  label: string
  lines?: number
  children: ReactNode
}

/** A list in pages, when its first has come; before that its place, and otherwise why it is not there. */
export function Paged({ pages, label, lines = 6, children }: Props) {
  if (pages.error !== null) return <Failure error={pages.error} onRetry={pages.again} />
  if (pages.waiting) return <Skeleton label={label} lines={lines} />
  return children
}
