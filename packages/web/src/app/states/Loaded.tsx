import { ApiError } from '@runwarden/api'
import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { Failure } from '../../ui/Failure.tsx'

interface Props<T> {
  query: UseQueryResult<T>
  /** What is waited for, to those who don't see it. */
  label: string
  /** How many lines it will have about, so that the page does not jump. */
  lines?: number
  whole?: boolean
  children: (data: T) => ReactNode
}

/** What was asked for, when it is there; before that its place, and otherwise why it is not there. */
export function Loaded<T>({ query, label, lines = 8, whole = false, children }: Props<T>) {
  if (query.data !== undefined)
    return (
      <>
        {query.isError && <output className="stale">{wordsOf(query.error)}</output>}
        {children(query.data)}
      </>
    )
  if (query.isError)
    return <Failure error={query.error} onRetry={() => void query.refetch()} whole={whole} />
  return <Skeleton label={label} lines={lines} />
}

/** Why what is on the page is not what the server says now. */
function wordsOf(error: Error): string {
  const status = error instanceof ApiError ? error.status : 0
  if (status === 404 || status === 410)
    return 'It was deleted since this page was opened: this is what was known of it.'
  if (status === 403) return 'You may not see this any more: this is what was there before.'
  return 'Not up to date: the server did not answer the last time it was asked.'
}
