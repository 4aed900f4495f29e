import { useQuery } from '@tanstack/react-query'
import type { Overview } from '@runwarden/api'
import { api, ask } from '../../api.ts'
import { useLiveQueries } from '../../live-queries.ts'
import { PeriodChoice } from '../../PeriodChoice.tsx'
import { type Period, usePeriod } from '../../period.ts'
import { useBreadcrumb } from '../../shell/breadcrumb.ts'
import { useOrganisation } from '../../shell/organisation.ts'
import { useTitle } from '../../shell/title.ts'
import { Loaded } from '../../states/Loaded.tsx'
import { Alarms } from './Alarms.tsx'
import { Charts } from './Charts.tsx'
import { NoJobs } from './NoJobs.tsx'
import { Silent } from './Silent.tsx'
import { TopDestinations } from './TopDestinations.tsx'
import { Unprotected } from './Unprotected.tsx'

/** Whether anything is wrong in an organisation, and what its jobs did. */
export default function OverviewPage() {
  const org = useOrganisation()
  const period = usePeriod()
  useTitle('Overview')
  useBreadcrumb([{ label: 'Overview' }])
  const query = useQuery({
    queryKey: ['overview', org, period],
    queryFn: () =>
      ask(api.GET('/v1/orgs/{org}/overview', { params: { path: { org }, query: { period } } })),
  })
  useLiveQueries(org, ['overview'], ['job', 'detection'])
  return (
    <Loaded query={query} label="The overview is loading" lines={14} whole>
      {(overview) => (
        <>
          <div className="top">
            <h1>Overview</h1>
            <PeriodChoice />
          </div>
          {overview.jobs === 0 ? (
            <NoJobs org={org} overview={overview} period={period} />
          ) : (
            <Shown org={org} overview={overview} period={period} />
          )}
        </>
      )}
    </Loaded>
  )
}

export interface Part {
  org: string
  overview: Overview
  period: Period
}

function Shown(part: Part) {
  return (
    <>
      <Alarms {...part} />
      <Charts {...part} />
      <TopDestinations {...part} />
      <Unprotected {...part} />
      <Silent {...part} />
    </>
  )
}
