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
        {query.isError && (
          <output className="stale">
            Not up to date: the server did not answer the last time it was asked.
          </output>
        )}
        {children(query.data)}
      </>
    )
  if (query.isError)
    return <Failure error={query.error} onRetry={() => void query.refetch()} whole={whole} />
  return (
    <>
      <Skeleton label={label} lines={lines} />
      {query.failureCount > 1 && (
        <output className="stale">The server does not answer. Asking again…</output>
      )}
    </>
  )
}
