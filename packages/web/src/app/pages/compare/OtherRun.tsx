import { useId } from 'react'
import { useQuery } from '@tanstack/react-query'
import type { Job, JobSummary } from '@runwarden/api'
import { plain } from '@runwarden/events/plain'
import { absolute } from '../../../ui/Time.tsx'
import { api, ask } from '../../api.ts'
import { branchOf } from '../../places.ts'
import { useRouterAddress } from '../../router-address.ts'

/** Jobs of the repository among which the job's other runs are looked for. */
const limit = 500

/** Chooses what a job is held against: its other runs that the server knows, the one before it, or all of them. */
export function OtherRun({ org, here }: { org: string; here: JobSummary }) {
  const id = useId()
  const { get, set } = useRouterAddress()
  const { repository } = here
  const jobs = useQuery({
    queryKey: ['runs of a job', org, repository],
    queryFn: () =>
      ask(
        api.GET('/v1/orgs/{org}/jobs', {
          params: { path: { org }, query: { repository: repository ?? '', limit } },
        }),
      ),
    enabled: repository !== null,
  })
  const others = (jobs.data?.items ?? []).filter(
    (one) => one.id !== here.id && one.workflow === here.workflow && one.job === here.job,
  )
  const value = get('b') ?? 'previous'
  const isKnown = ['previous', 'baseline', ...others.map((one) => one.id)].includes(value)
  return (
    <span className="pick">
      <label htmlFor={id}>Compare with</label>
      <select id={id} value={value} onChange={({ target }) => set({ b: target.value }, true)}>
        <option value="previous">the run before it</option>
        <option value="baseline">its baseline</option>
        {!isKnown && <option value={value}>a job of another name</option>}
        {others.map((one) => (
          <option key={one.id} value={one.id}>
            {plain(nameOf(one), 80)}
          </option>
        ))}
      </select>
    </span>
  )
}

function nameOf({ runId, runAttempt, ref, startedAt }: Job): string {
  const attempt = runAttempt === null || runAttempt === '1' ? '' : ` attempt ${runAttempt}`
  const at = absolute(startedAt)
  return [`run ${runId ?? '?'}${attempt}`, ref === null ? null : branchOf(ref), at]
    .filter((part) => part !== null)
    .join(' · ')
}
