import type { JobSummary } from '@runwarden/api'
import { useQuery } from '@tanstack/react-query'
import { api, ask } from '../../api.ts'
import { Link } from '../../Link.tsx'
import { paths } from '../../paths.ts'
import { jobPlace } from '../../places.ts'
import { useRouterAddress } from '../../router-address.ts'
import { useBreadcrumb } from '../../shell/breadcrumb.ts'
import { useOrganisation } from '../../shell/organisation.ts'
import { useTitle } from '../../shell/title.ts'
import { Loaded } from '../../states/Loaded.tsx'
import { Differences } from './Differences.tsx'
import { OtherRun } from './OtherRun.tsx'
import { previousOf } from './previous.ts'
import { Sides } from './Sides.tsx'

/** Two jobs side by side, or a job and what its runs before it had: `?a=JOB&b=JOB|previous|baseline`. */
export default function Compare() {
  useTitle('Compare')
  useBreadcrumb([{ label: 'Compare' }])
  const org = useOrganisation()
  const { get } = useRouterAddress()
  const a = get('a')
  if (a === null)
    return (
      <>
        <h1>Compare</h1>
        <p className="nothing">
          Nothing is chosen. <Link to={paths.runs(org)}>Runs</Link> have a link at each of their
          jobs that compares it with the run before, or with any other.
        </p>
      </>
    )
  return <OfJob org={org} id={a} other={get('b') ?? 'previous'} />
}

function useSummary(org: string, id: string) {
  return useQuery({
    queryKey: ['job', org, id],
    queryFn: () => ask(api.GET('/v1/orgs/{org}/jobs/{id}', { params: { path: { org, id } } })),
  })
}

function OfJob({ org, id, other }: { org: string; id: string; other: string }) {
  const job = useSummary(org, id)
  return (
    <Loaded query={job} label="The job is loading" whole>
      {(here) =>
        other === 'previous' ? (
          <WithPrevious org={org} here={here} />
        ) : other === 'baseline' ? (
          <Shown org={org} here={here} there={null} />
        ) : (
          <WithJob org={org} here={here} other={other} />
        )
      }
    </Loaded>
  )
}

function WithPrevious({ org, here }: { org: string; here: JobSummary }) {
  const previous = useQuery({
    queryKey: ['previous', org, here.id],
    queryFn: () => previousOf(org, here),
  })
  return (
    <Loaded query={previous} label="Its previous run is looked for" whole>
      {(found) =>
        found === null ? (
          <>
            <h1>Compare</h1>
            <p className="nothing">
              The server knows no run of this job before this one.{' '}
              <Link to={jobPlace(org, here)}>Back to the job</Link>
            </p>
            <p className="inline">
              <OtherRun org={org} here={here} />
            </p>
          </>
        ) : (
          <WithJob org={org} here={here} other={found} />
        )
      }
    </Loaded>
  )
}

function WithJob({ org, here, other }: { org: string; here: JobSummary; other: string }) {
  const there = useSummary(org, other)
  return (
    <Loaded query={there} label="The other job is loading" whole>
      {(found) => <Shown org={org} here={here} there={found} />}
    </Loaded>
  )
}

function Shown({ org, here, there }: { org: string; here: JobSummary; there: JobSummary | null }) {
  return (
    <>
      <h1>Compare</h1>
      <Sides org={org} here={here} there={there} />
      <Differences org={org} id={here.id} other={there?.id ?? 'baseline'} />
    </>
  )
}
