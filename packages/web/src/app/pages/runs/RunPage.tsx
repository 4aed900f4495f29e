import { useParams } from 'react-router'
import { useQuery } from '@tanstack/react-query'
import type { Run, RunJob } from '@runwarden/api'
import { jobReliance } from '@runwarden/events/reliance'
import { duration } from '@runwarden/report/view'
import { SeverityCounts, VerdictCounts } from '../../../ui/Counts.tsx'
import type { Column } from '../../../ui/DataTable.tsx'
import { Fact, Facts } from '../../../ui/Facts.tsx'
import { Failure } from '../../../ui/Failure.tsx'
import { PagedTable } from '../../../ui/PagedTable.tsx'
import { usePages } from '../../../ui/pages.ts'
import { Section } from '../../../ui/Section.tsx'
import { RelianceWord, StateWord } from '../../../ui/StateWord.tsx'
import { Code, Text } from '../../../ui/Text.tsx'
import { Time } from '../../../ui/Time.tsx'
import { api, ask } from '../../api.ts'
import { Link } from '../../Link.tsx'
import { useLiveQueries } from '../../live-queries.ts'
import { paths } from '../../paths.ts'
import { branchOf, jobPlace } from '../../places.ts'
import { useRouterAddress } from '../../router-address.ts'
import { CompareLink } from '../../runs/CompareLink.tsx'
import { useBreadcrumb } from '../../shell/breadcrumb.ts'
import { useOrganisation } from '../../shell/organisation.ts'
import { useTitle } from '../../shell/title.ts'
import { Loaded } from '../../states/Loaded.tsx'
import { Paged } from '../../states/Paged.tsx'

/** A run of a workflow: its attempts, and the jobs of the one that is looked at. */
export default function RunPage() {
  const org = useOrganisation()
  const { repo = '', run: runId = '' } = useParams()
  const repository = `${org}/${repo}`
  const { get } = useRouterAddress()
  const attempts = useQuery({
    queryKey: ['runs', org, 'of', repository, runId],
    queryFn: () =>
      ask(
        api.GET('/v1/orgs/{org}/runs', {
          params: { path: { org }, query: { repository, run: runId, limit: 100 } },
        }),
      ),
  })
  useLiveQueries(org, ['runs'], ['job', 'detection'])
  useTitle(`Run ${runId} · ${repository}`)
  useBreadcrumb([
    { label: 'Runs', to: paths.runs(org) },
    { label: repo, to: paths.repository(repository) },
    { label: `Run ${runId}` },
  ])
  return (
    <Loaded query={attempts} label="The run is loading" whole>
      {({ items }) => {
        const wanted = get('attempt')
        const run = items.find(({ runAttempt }) => runAttempt === wanted) ?? items[0]
        if (run === undefined) return <NoRun repository={repository} run={runId} />
        return <Shown org={org} run={run} attempts={items} />
      }}
    </Loaded>
  )
}

function NoRun({ repository, run }: { repository: string; run: string }) {
  return (
    <>
      <h1>
        Nothing is known of run <Text value={run} limit={60} />
      </h1>
      <p className="prose">
        None of its jobs has reported here, or they were deleted when their time of keeping was
        over. Where a run has just begun, its jobs are here a moment after they have started.{' '}
        <Link to={paths.repository(repository)}>Other runs of the repository</Link>
      </p>
    </>
  )
}

function Shown({ org, run, attempts }: { org: string; run: Run; attempts: readonly Run[] }) {
  const { href } = useRouterAddress()
  return (
    <>
      <div className="heading">
        <h1>
          <Text value={run.workflow ?? 'Run'} limit={200} />{' '}
          <Text value={`#${run.runId}`} limit={60} />
        </h1>
      </div>
      <Facts>
        <Fact title="State">
          <StateWord state={run.state} failed={run.failed > 0} />
        </Fact>
        <Fact title="Started">
          <Time at={run.startedAt} />
        </Fact>
        {run.finishedAt !== null && (
          <Fact title="Took">{duration(Math.max(0, run.finishedAt - run.startedAt))}</Fact>
        )}
        {run.ref !== null && (
          <Fact title="Branch">
            <Text value={branchOf(run.ref)} limit={120} />
          </Fact>
        )}
        {run.sha !== null && (
          <Fact title="Commit">
            <Code value={run.sha.slice(0, 12)} />
          </Fact>
        )}
        <Fact title="By">
          <Text value={[run.actor, run.event].filter(Boolean).join(', ')} limit={120} />
        </Fact>
        <Fact title="Calls">
          <VerdictCounts calls={run.calls} />
        </Fact>
        <Fact title="Detections">
          <SeverityCounts counts={run.severities} />
        </Fact>
      </Facts>
      {attempts.length > 1 && (
        <p className="about">
          Attempts:{' '}
          {attempts.toReversed().map((one) => (
            <span key={one.id}>
              <Link
                stay
                to={href({ attempt: one.runAttempt })}
                aria-current={one === run ? 'page' : undefined}
              >
                <Text value={one.runAttempt ?? 'without a number'} limit={20} />
              </Link>{' '}
            </span>
          ))}
        </p>
      )}
      <Jobs org={org} run={run} />
    </>
  )
}

function Jobs({ org, run }: { org: string; run: Run }) {
  const pages = usePages(['runs', org, 'jobs of', run.id], (after: string | undefined) =>
    ask(
      api.GET('/v1/orgs/{org}/runs/{id}', {
        params: {
          path: { org, id: run.id },
          query: { limit: 100, ...(after === undefined ? {} : { after }) },
        },
      }),
    ),
  )
  if (pages.error !== null) return <Failure error={pages.error} onRetry={pages.again} />
  return (
    <div className="spaced">
      <Section id="jobs" title="Jobs" count={run.jobs}>
        <Paged pages={pages} label="Jobs are loading">
          <PagedTable
            caption="Jobs"
            columns={columnsFor(org)}
            rows={pages.rows}
            rowKey={({ id }) => id}
            total={run.jobs}
            more={pages.more}
            moreComes={pages.moreComes}
          />
        </Paged>
      </Section>
    </div>
  )
}

const columnsFor = (org: string): readonly Column<RunJob>[] => [
  {
    title: 'Job',
    wide: true,
    by: ({ job }) => job ?? '',
    cell: (job) => (
      <Link className="name" to={jobPlace(org, job)}>
        <Text value={job.job ?? 'Job'} limit={200} />
      </Link>
    ),
  },
  {
    title: 'State',
    tight: true,
    by: ({ state }) => state,
    cell: ({ state, exit }) => <StateWord state={state} failed={exit !== null && exit !== 0} />,
  },
  {
    title: 'Mode',
    tight: true,
    by: (job) => jobReliance(job).state,
    cell: (job) => <RelianceWord {...jobReliance(job)} />,
  },
  { title: 'Calls', cell: ({ calls }) => <VerdictCounts calls={calls} /> },
  {
    title: 'Detections',
    cell: ({ severities }) => <SeverityCounts counts={severities} />,
  },
  {
    title: 'Runner',
    tight: true,
    cell: ({ runnerName }) => <Text value={runnerName ?? 'unknown'} limit={80} />,
  },
  {
    title: 'Started',
    tight: true,
    by: ({ startedAt }) => startedAt,
    cell: ({ startedAt }) => <Time at={startedAt} />,
  },
  {
    title: 'Other runs',
    tight: true,
    cell: (job) => <CompareLink org={org} job={job} />,
  },
]
