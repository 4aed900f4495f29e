import type { OrganisationDestination } from '@runwarden/api'
import { grouped } from '@runwarden/report/view'
import { verdicts } from '../../../ui/alarm.ts'
import { VerdictChips } from '../../../ui/Chip.tsx'
import { Choice } from '../../../ui/Choice.tsx'
import { ChoiceButtons } from '../../../ui/ChoiceButtons.tsx'
import type { Column } from '../../../ui/DataTable.tsx'
import { FilterText } from '../../../ui/FilterText.tsx'
import { PagedTable } from '../../../ui/PagedTable.tsx'
import { usePages } from '../../../ui/pages.ts'
import { Nothing } from '../../../ui/Section.tsx'
import { Code } from '../../../ui/Text.tsx'
import { Time } from '../../../ui/Time.tsx'
import { api, ask } from '../../api.ts'
import { FilterBar } from '../../FilterBar.tsx'
import { given, oneOf, useFilters } from '../../filters.ts'
import { Link } from '../../Link.tsx'
import { PeriodChoice } from '../../PeriodChoice.tsx'
import { periodWords, usePeriod } from '../../period.ts'
import { useRouterAddress } from '../../router-address.ts'
import { useBreadcrumb } from '../../shell/breadcrumb.ts'
import { useOrganisation } from '../../shell/organisation.ts'
import { useTitle } from '../../shell/title.ts'
import { Paged } from '../../states/Paged.tsx'
import { Panel } from './Panel.tsx'

const names = ['like', 'verdict', 'new', 'kind'] as const

/** Where an organisation's jobs went, and of one place, which of them. */
export default function Destinations() {
  const org = useOrganisation()
  useTitle('Destinations')
  useBreadcrumb([{ label: 'Destinations' }])
  const period = usePeriod()
  const filters = useFilters(names)
  const { values, set } = filters
  const address = useRouterAddress()
  const of = address.get('of')
  const kind = values.kind === 'address' ? 'address' : 'host'
  const asked = {
    period,
    kind,
    like: values.like,
    verdict: oneOf(verdicts, values.verdict),
    new: values.new === 'true' ? ('true' as const) : null,
  } as const
  const pages = usePages(['destinations', org, asked], (after: string | undefined) =>
    ask(
      api.GET('/v1/orgs/{org}/destinations', {
        params: { path: { org }, query: given({ ...asked, limit: 100, after }) },
      }),
    ),
  )
  return (
    <>
      <div className="top">
        <h1>Destinations</h1>
        <PeriodChoice />
      </div>
      <FilterBar filters={filters}>
        <FilterText
          label="Name or address"
          placeholder="a part of it"
          value={values.like}
          onWrite={(like) => set({ like })}
        />
        <Choice
          label="Verdict"
          all="Any verdict"
          options={verdicts}
          value={asked.verdict}
          onChoose={(verdict) => set({ verdict })}
        />
        <ChoiceButtons
          legend="Kind"
          options={['host', 'address']}
          value={kind}
          text={(one) => (one === 'host' ? 'Hosts' : 'Addresses')}
          onPress={(one) => set({ kind: one === 'host' ? null : one })}
        >
          <button
            type="button"
            aria-pressed={asked.new !== null}
            onClick={() => set({ new: asked.new === null ? 'true' : null })}
          >
            New in this time
          </button>
        </ChoiceButtons>
      </FilterBar>
      {of !== null && <Panel org={org} kind={kind} value={of} period={period} />}
      <div className="listed">
        <Paged pages={pages} label="Destinations are loading">
          {pages.rows.length > 0 ? (
            <PagedTable
              caption="Destinations"
              columns={columnsFor(kind, (host) => address.href({ of: host }))}
              rows={pages.rows}
              rowKey={({ host }) => host}
              current={of}
              more={pages.more}
              moreComes={pages.moreComes}
            />
          ) : filters.any ? (
            <Nothing>No destination of the last {periodWords[period]} is like that.</Nothing>
          ) : (
            <Nothing>
              No job of the last {periodWords[period]}{' '}
              {kind === 'host' ? 'looked up a name' : 'connected to an address'}, as far as jobs
              were watched.
            </Nothing>
          )}
        </Paged>
      </div>
    </>
  )
}

const columnsFor = (
  kind: 'host' | 'address',
  hrefOf: (host: string) => string,
): readonly Column<OrganisationDestination>[] => [
  {
    title: kind === 'host' ? 'Host' : 'Address',
    wide: true,
    by: ({ host }) => host,
    cell: ({ host, isNew }) => (
      <>
        <Link className="name" stay to={hrefOf(host)}>
          <Code value={host} limit={200} />
        </Link>
        {isNew && <span className="tag">new</span>}
      </>
    ),
  },
  {
    title: 'Verdicts',
    cell: ({ verdicts }) => <VerdictChips verdicts={verdicts} />,
  },
  { title: 'Jobs', number: true, by: ({ jobs }) => jobs, cell: ({ jobs }) => grouped(jobs) },
  {
    title: 'Repositories',
    number: true,
    by: ({ repositories }) => repositories,
    cell: ({ repositories }) => grouped(repositories),
  },
  {
    title: 'Calls',
    number: true,
    by: ({ calls }) => calls ?? 0,
    cell: ({ calls }) =>
      calls === null ? (
        <span
          className="unknown"
          title="These jobs have had other verdicts to it, too: how many of each is in the jobs"
        >
          not counted
        </span>
      ) : (
        grouped(calls)
      ),
  },
  {
    title: 'First seen',
    tight: true,
    by: ({ firstSeen }) => firstSeen,
    cell: ({ firstSeen }) => <Time at={firstSeen} />,
  },
  {
    title: 'Last seen',
    tight: true,
    by: ({ lastSeen }) => lastSeen,
    cell: ({ lastSeen }) => <Time at={lastSeen} />,
  },
]
