import { useQuery } from '@tanstack/react-query'
import { useParams } from 'react-router'
import type { Repository } from '@runwarden/api'
import { grouped } from '@runwarden/report/view'
import { SeverityCounts } from '../../../ui/Counts.tsx'
import { Fact, Facts } from '../../../ui/Facts.tsx'
import { Nothing, Section } from '../../../ui/Section.tsx'
import { ModeWord } from '../../../ui/StateWord.tsx'
import { Text } from '../../../ui/Text.tsx'
import { api, ask } from '../../api.ts'
import { Link } from '../../Link.tsx'
import { useLiveQueries } from '../../live-queries.ts'
import { paths } from '../../paths.ts'
import { PeriodChoice } from '../../PeriodChoice.tsx'
import { type Period, periodWords, usePeriod } from '../../period.ts'
import { useRuns } from '../../runs/list.ts'
import { RunTable } from '../../runs/RunTable.tsx'
import { useBreadcrumb } from '../../shell/breadcrumb.ts'
import { useOrganisation } from '../../shell/organisation.ts'
import { useTitle } from '../../shell/title.ts'
import { Loaded } from '../../states/Loaded.tsx'
import { Paged } from '../../states/Paged.tsx'
import { Policies } from './Policies.tsx'
import { Reached } from './Reached.tsx'

/** A repository: how it is protected, its runs, where its jobs go. */
export default function RepositoryPage() {
  const org = useOrganisation()
  const { repo = '' } = useParams()
  const name = `${org}/${repo}`
  const period = usePeriod()
  useTitle(name)
  useBreadcrumb([{ label: 'Repositories', to: paths.repositories(org) }, { label: repo }])
  useLiveQueries(org, ['runs', 'repositories'], ['job'])
  const query = useQuery({
    queryKey: ['repositories', org, 'one', name, period],
    queryFn: () =>
      ask(
        api.GET('/v1/orgs/{org}/repositories', {
          params: { path: { org }, query: { like: name, period, limit: 100 } },
        }),
      ),
  })
  return (
    <Loaded query={query} label="The repository is loading" whole>
      {({ items }) => {
        const found = items.find((one) => one.repository.toLowerCase() === name.toLowerCase())
        return found === undefined ? (
          <>
            <h1>
              Nothing is known of <Text value={name} limit={200} />
            </h1>
            <p className="prose">
              No job of it has reported here, or all were deleted when their time of keeping was
              over. <Link to={paths.installations(org)}>How jobs come to be watched</Link>
            </p>
          </>
        ) : (
          <Shown org={org} repository={found} period={period} />
        )
      }}
    </Loaded>
  )
}

function Shown(props: { org: string; repository: Repository; period: Period }) {
  const { org, repository, period } = props
  const { repository: name } = repository
  const runs = useRuns(org, { repository: name })
  return (
    <>
      <div className="top">
        <h1>
          <Text value={name} limit={200} />
        </h1>
        <PeriodChoice />
      </div>
      <Facts>
        <Fact title="Mode of the store">
          {repository.egress === null ? 'no policy' : <ModeWord egress={repository.egress} />}
        </Fact>
        <Fact title="Baseline">
          <Link to={paths.baselines(org, { repository: name })}>
            {repository.baseline ?? 'too few runs'}
          </Link>
        </Fact>
        <Fact title={`Runs in ${periodWords[period]}`}>
          <Link to={paths.runs(org, { repository: name, period })}>{grouped(repository.runs)}</Link>
        </Fact>
        <Fact title={`Detections in ${periodWords[period]}`}>
          <Link to={paths.detections(org, { repository: name, period })}>
            <SeverityCounts counts={repository.severities} />
          </Link>
        </Fact>
      </Facts>
      <div className="spaced">
        <Section id="runs" title="Runs">
          <Paged pages={runs} label="Runs are loading">
            {runs.rows.length === 0 ? (
              <Nothing>No run is kept any more.</Nothing>
            ) : (
              <RunTable org={org} pages={runs} ofRepository />
            )}
          </Paged>
        </Section>
        <Reached org={org} repository={name} />
        <Policies org={org} repository={name} />
      </div>
    </>
  )
}
