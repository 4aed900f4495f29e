import { type Query, useQueryClient } from '@tanstack/react-query'
import { isLong } from '../../../ui/pages.ts'
import { useLive } from '../../live.ts'

/** A job that works tells of itself each second. Lists of many pages are not asked for so often, milliseconds. */
const longRestMs = 30_000

/** Asks for what is shown of a job again when it has done more. */
export function useLiveJob(org: string, job: string): void {
  const queries = useQueryClient()
  useLive(org, (live) => {
    const isOfJob =
      (live.event === 'job' && live.data.job.id === job) ||
      (live.event === 'detection' && live.data.jobId === job)
    if (!isOfJob && live.event !== 'again') return
    const queryKey = ['job', org, job]
    // What is told last is asked for whatever was asked before.
    if (live.event === 'again' || (live.event === 'job' && live.data.change === 'finished'))
      void queries.invalidateQueries({ queryKey })
    // An answer that is on its way is waited for: asked for anew each second, a slow one would never come.
    else void queries.invalidateQueries({ queryKey, predicate: isDue }, { cancelRefetch: false })
  })
}

const isDue = ({ state: { data, dataUpdatedAt } }: Query): boolean =>
  !isLong(data) || Date.now() - dataUpdatedAt >= longRestMs
