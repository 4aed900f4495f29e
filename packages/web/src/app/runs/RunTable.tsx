import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Run, RunJob } from '@runwarden/api'
import { counted, duration } from '@runwarden/report/view'
import { SeverityCounts, VerdictCounts } from '../../ui/Counts.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { PagedTable } from '../../ui/PagedTable.tsx'
import type { Pages } from '../../ui/pages.ts'
import { RelianceWord, StateWord } from '../../ui/StateWord.tsx'
import { Text } from '../../ui/Text.tsx'
import { Time } from '../../ui/Time.tsx'
import { api, ask } from '../api.ts'
import { Link } from '../Link.tsx'
import { paths } from '../paths.ts'
import { branchOf, jobPlace, runPlace } from '../places.ts'
import { Loaded } from '../states/Loaded.tsx'
import { CompareLink } from './CompareLink.tsx'

interface Props {
  org: string
  pages: Pages<Run>
  /** The page is of one repository, which need not be said in each line. */
  ofRepository?: boolean
}

/** Runs, the newest first, each with its jobs folded away. */
export function RunTable({ org, pages, ofRepository = false }: Props) {
  return (
    <PagedTable
      caption="Runs"
      columns={columnsFor(org, ofRepository)}
      rows={pages.rows}
      rowKey={({ id }) => id}
      more={pages.more}
      moreComes={pages.moreComes}
    />
  )
}

const columnsFor = (org: string, ofRepository: boolean): readonly Column<Run>[] => [
  {
    title: 'Run',
    wide: true,
    cell: (run) => <Name org={org} run={run} ofRepository={ofRepository} />,
  },
  {
    title: 'State',
    tight: true,
    cell: ({ state, failed }) => <StateWord state={state} failed={failed > 0} />,
  },
  {
    title: 'Mode',
    tight: true,
    cell: ({ reliance }) => reliance.map((state) => <RelianceWord key={state} state={state} />),
  },
  { title: 'Calls', cell: ({ calls }) => <VerdictCounts calls={calls} /> },
  { title: 'Detections', cell: ({ severities }) => <SeverityCounts counts={severities} /> },
  {
    title: 'Started',
    cell: ({ startedAt, finishedAt }) => (
      <>
        <Time at={startedAt} />
        {finishedAt !== null && (
          <div className="aside">took {duration(Math.max(0, finishedAt - startedAt))}</div>
        )}
      </>
    ),
  },
]

function Name({ org, run, ofRepository }: { org: string; run: Run; ofRepository: boolean }) {
  const { repository, workflow, runId, runAttempt, ref, event, actor } = run
  const attempt = runAttempt !== null && runAttempt !== '1' ? ` · attempt ${runAttempt}` : ''
  const said = [
    ...(ref === null ? [] : [branchOf(ref)]),
    ...(event === null ? [] : [event]),
    ...(actor === null ? [] : [`by ${actor}`]),
  ].join(' · ')
  return (
    <>
      <Link className="name" to={runPlace(org, run)}>
        <Text value={`${workflow ?? 'Job'}${runId === null ? '' : ` #${runId}`}`} limit={160} />
      </Link>
      <span className="aside">{attempt}</span>
      <div className="aside">
        {!ofRepository && repository !== null && (
          <>
            <Link to={paths.repository(repository)}>
              <Text value={repository} limit={120} />
            </Link>
            {said !== '' && ' · '}
          </>
        )}
        <Text value={said} limit={200} />
      </div>
      <Jobs org={org} run={run} />
    </>
  )
}

/** The run's jobs, which are asked for when somebody unfolds them. */
function Jobs({ org, run }: { org: string; run: Run }) {
  const [open, setOpen] = useState(false)
  return (
    <details className="folded" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{counted(run.jobs, 'job')}</summary>
      {open && <JobList org={org} id={run.id} />}
    </details>
  )
}

function JobList({ org, id }: { org: string; id: string }) {
  const query = useQuery({
    queryKey: ['runs', org, 'jobs', id],
    queryFn: () =>
      ask(
        api.GET('/v1/orgs/{org}/runs/{id}', {
          params: { path: { org, id }, query: { limit: 100 } },
        }),
      ),
  })
  return (
    <Loaded query={query} label="Jobs are loading" lines={1}>
      {({ run, items }) => (
        <ul>
          {items.map((job) => (
            <li key={job.id}>
              <JobLine org={org} job={job} />
            </li>
          ))}
          {run.jobs > items.length && (
            <li>
              <Link to={runPlace(org, run)}>{`All ${counted(run.jobs, 'job')}`}</Link>
            </li>
          )}
        </ul>
      )}
    </Loaded>
  )
}

function JobLine({ org, job }: { org: string; job: RunJob }) {
  return (
    <>
      <Link className="name" to={jobPlace(org, job)}>
        <Text value={job.job ?? 'Job'} limit={120} />
      </Link>
      <StateWord state={job.state} failed={job.exit !== null && job.exit !== 0} />
      <VerdictCounts calls={job.calls} />
      <CompareLink org={org} job={job} />
    </>
  )
}
