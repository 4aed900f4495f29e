import type { Repository } from '@runwarden/api'
import { grouped } from '@runwarden/report/view'
import { SeverityCounts } from '../../../ui/Counts.tsx'
import type { Column } from '../../../ui/DataTable.tsx'
import { FilterText } from '../../../ui/FilterText.tsx'
import { PagedTable } from '../../../ui/PagedTable.tsx'
import { usePages } from '../../../ui/pages.ts'
import { Nothing } from '../../../ui/Section.tsx'
import { ModeWord, StateWord } from '../../../ui/StateWord.tsx'
import { Text } from '../../../ui/Text.tsx'
import { Time } from '../../../ui/Time.tsx'
import { api, ask } from '../../api.ts'
import { given, useFilters } from '../../filters.ts'
import { Link } from '../../Link.tsx'
import { useLiveQueries } from '../../live-queries.ts'
import { paths } from '../../paths.ts'
import { PeriodChoice } from '../../PeriodChoice.tsx'
import { type Period, usePeriod } from '../../period.ts'
import { runPlace } from '../../places.ts'
import { useBreadcrumb } from '../../shell/breadcrumb.ts'
import { useOrganisation } from '../../shell/organisation.ts'
import { useTitle } from '../../shell/title.ts'
import { Paged } from '../../states/Paged.tsx'

const names = ['like'] as const

/** Repositories whose jobs were seen. */
export default function Repositories() {
  const org = useOrganisation()
  useTitle('Repositories')
  useBreadcrumb([{ label: 'Repositories' }])
  const period = usePeriod()
  const { values, set } = useFilters(names)
  const { like } = values
  const pages = usePages(['repositories', org, period, like], (after: string | undefined) =>
    ask(
      api.GET('/v1/orgs/{org}/repositories', {
        params: { path: { org }, query: given({ period, like, after }) },
      }),
    ),
  )
  useLiveQueries(org, ['repositories'], ['job'])
  return (
    <>
      <div className="top">
        <h1>Repositories</h1>
        <PeriodChoice />
      </div>
      <div className="filters">
        <FilterText
          label="Name"
          placeholder="a part of it"
          value={like}
          onWrite={(text) => set({ like: text })}
        />
      </div>
      <div className="listed">
        <Paged pages={pages} label="Repositories are loading">
          {pages.rows.length > 0 ? (
            <PagedTable
              caption="Repositories"
              columns={columnsFor(org, period)}
              rows={pages.rows}
              rowKey={({ repository }) => repository}
              more={pages.more}
              moreComes={pages.moreComes}
            />
          ) : like === null ? (
            <Nothing>
              No job of a repository has reported here yet.{' '}
              <Link to={paths.installations(org)}>Installations</Link> says how jobs come to be
              watched.
            </Nothing>
          ) : (
            <Nothing>No repository’s name has this in it.</Nothing>
          )}
        </Paged>
      </div>
    </>
  )
}

const columnsFor = (org: string, period: Period): readonly Column<Repository>[] => [
  {
    title: 'Repository',
    wide: true,
    by: ({ repository }) => repository,
    cell: ({ repository }) => (
      <Link className="name" to={paths.repository(repository)}>
        <Text value={repository} limit={160} />
      </Link>
    ),
  },
  {
    title: 'Last run',
    by: ({ lastRun }) => lastRun?.startedAt ?? 0,
    cell: ({ lastRun }) =>
      lastRun === null ? (
        <span className="unknown">none</span>
      ) : (
        <>
          <StateWord state={lastRun.state} failed={lastRun.failed > 0} />{' '}
          <Link to={runPlace(org, lastRun)}>
            <Text value={lastRun.workflow ?? 'Run'} limit={80} />
          </Link>
          <div className="aside">
            <Time at={lastRun.startedAt} />
          </div>
        </>
      ),
  },
  {
    title: 'Runs',
    number: true,
    by: ({ runs }) => runs,
    cell: ({ repository, runs }) => (
      <Link to={paths.runs(org, { repository, period })}>{grouped(runs)}</Link>
    ),
  },
  {
    title: 'Detections',
    cell: ({ severities }) => <SeverityCounts counts={severities} />,
  },
  {
    title: 'Mode of the store',
    by: ({ egress }) => egress ?? '',
    cell: ({ egress }) =>
      egress === null ? <span className="unknown">no policy</span> : <ModeWord egress={egress} />,
  },
  {
    title: 'Baseline',
    by: ({ baseline }) => baseline ?? '',
    cell: ({ repository, baseline }) => (
      <Link to={paths.baselines(org, { repository })}>{baseline ?? 'too few runs'}</Link>
    ),
  },
]
