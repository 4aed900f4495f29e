import type { JobSummary } from '@runwarden/api'
import { useQuery, type UseQueryResult } from '@tanstack/react-query'
import { api, ask } from '../../api.ts'

/** How often a job that runs is asked for beside what the server tells as it happens, milliseconds. */
export const liveMs = 10_000

/** Whether there is more to come: it runs, or what has come is not in the views yet. */
export const isMoving = ({ state, segments }: JobSummary): boolean =>
  state === 'running' || segments.indexed < segments.acknowledged

export function useJobSummary(org: string, id: string): UseQueryResult<JobSummary> {
  return useQuery({
    queryKey: ['job', org, id],
    queryFn: () => ask(api.GET('/v1/orgs/{org}/jobs/{id}', { params: { path: { org, id } } })),
    refetchInterval: ({ state: { data } }) =>
      data !== undefined && isMoving(data) ? liveMs : false,
  })
}
