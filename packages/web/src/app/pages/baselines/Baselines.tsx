import { useQuery } from '@tanstack/react-query'
import type { Baseline } from '@runwarden/api'
import { counted, grouped } from '@runwarden/report/view'
import { Fact, Facts } from '../../../ui/Facts.tsx'
import { Nothing, Section } from '../../../ui/Section.tsx'
import { Text } from '../../../ui/Text.tsx'
import { Time } from '../../../ui/Time.tsx'
import { api, ask } from '../../api.ts'
import { useFilters } from '../../filters.ts'
import { Link } from '../../Link.tsx'
import { paths } from '../../paths.ts'
import { useBreadcrumb } from '../../shell/breadcrumb.ts'
import { useOrganisation } from '../../shell/organisation.ts'
import { useTitle } from '../../shell/title.ts'
import { Loaded } from '../../states/Loaded.tsx'
import { Destinations } from './Destinations.tsx'
import { Recommended } from './Recommended.tsx'
import { names, Which } from './Which.tsx'
import { windowOf, type Window } from './window.ts'

/** What the jobs of a window have reached, and the policy that follows. */
export default function Baselines() {
  const org = useOrganisation()
  useTitle('Baselines')
  useBreadcrumb([{ label: 'Baselines' }])
  const filters = useFilters(names)
  const window = windowOf(filters.values)
  const query = useQuery({
    queryKey: ['baseline', org, window],
    queryFn: () =>
      ask(api.GET('/v1/orgs/{org}/baseline', { params: { path: { org }, query: window } })),
  })
  return (
    <>
      <div className="top">
        <h1>Baselines</h1>
      </div>
      <Which org={org} filters={filters} />
      <Loaded query={query} label="The baseline is loading" lines={10}>
        {(baseline) => <Shown org={org} baseline={baseline} window={window} />}
      </Loaded>
    </>
  )
}

function Shown({ org, baseline, window }: { org: string; baseline: Baseline; window: Window }) {
  const { runs, since, settledRuns, state, destinations, truncatedRuns } = baseline
  const { repository } = window
  if (runs === 0)
    return (
      <Section id="none" title="No job of this has finished">
        <Nothing>
          A baseline is what finished jobs have reached.{' '}
          {repository === undefined ? (
            <Link to={paths.installations(org)}>How jobs come to be watched</Link>
          ) : (
            <>
              Look at <Link to={paths.runs(org, { repository })}>the repository’s runs</Link>, or
              choose a longer window.
            </>
          )}
        </Nothing>
      </Section>
    )
  return (
    <>
      <Facts>
        <Fact title="State">
          <span className={`word ${state === 'stable' ? 'inbox-resolved' : 'word-silent'}`}>
            <span aria-hidden="true">{state === 'stable' ? '✓' : '~'} </span>
            {state}
          </span>
        </Fact>
        <Fact title="Of">
          {repository === undefined ? (
            'the organisation'
          ) : (
            <Link to={paths.repository(repository)}>
              <Text
                value={[window.job, window.workflow, repository].filter(Boolean).join(' of ')}
                limit={240}
              />
            </Link>
          )}
        </Fact>
        <Fact title="Jobs looked at">{grouped(runs)}</Fact>
        {since !== null && (
          <Fact title="Since">
            <Time at={since} />
          </Fact>
        )}
        <Fact title="Nothing new in the newest">{counted(settledRuns, 'job')}</Fact>
        <Fact title="Destinations">{grouped(destinations.length)}</Fact>
      </Facts>
      <p className="about prose">
        {state === 'stable'
          ? 'Its newest jobs reached nothing new: what is new from now on is told as a detection, and the recommended policy is likely to be whole.'
          : 'Its newest jobs still reached what none had before: a policy made of it now may lack something that a next run needs.'}
        {truncatedRuns > 0 &&
          ` ${counted(truncatedRuns, 'job')} had more destinations than are looked at.`}
      </p>
      <div className="spaced">
        <Destinations org={org} rows={destinations} runs={runs} />
        <Recommended org={org} window={window} />
      </div>
    </>
  )
}
