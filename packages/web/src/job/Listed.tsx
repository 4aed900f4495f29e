import type { ReactNode } from 'react'
import { Failure } from '../ui/Failure.tsx'
import { Nothing } from '../ui/Section.tsx'
import { Skeleton } from '../ui/Skeleton.tsx'
import type { Pages } from '../ui/pages.ts'
import { useJob } from './source.ts'

interface Props<T> {
  list: Pages<T>
  /** What is waited for, to those who don't see it. */
  label: string
  /** What it means that there is none: said only of a job that was watched. */
  none: string
  /** The list is narrowed, so that none says only that none is like that. */
  narrowed?: boolean
  children: ReactNode
}

/** A list of a job, or why there is none to show. */
export function Listed<T>({ list, label, none, narrowed = false, children }: Props<T>) {
  const { facts } = useJob()
  if (list.rows.length > 0) return children
  if (list.waiting) return <Skeleton label={label} lines={10} />
  if (list.error !== null) return <Failure error={list.error} onRetry={list.again} />
  if (narrowed) return <Nothing>Nothing is like that.</Nothing>
  if (facts.protection === 'not-run') return <Nothing>The command was not run.</Nothing>
  if (facts.protection === 'unprotected' || (facts.armed === false && facts.state === 'finished'))
    return <Nothing>Not known: nothing watched the job.</Nothing>
  if (facts.state === 'running') return <Nothing>{none.replace(/\.$/, '')} so far.</Nothing>
  if (facts.state === 'silent')
    return (
      <Nothing>Not known: the agent is not heard any more, and told nothing of it before.</Nothing>
    )
  return <Nothing>{none}</Nothing>
}
