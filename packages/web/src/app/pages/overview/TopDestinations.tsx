import type { OrganisationDestination } from '@runwarden/api'
import { grouped } from '@runwarden/report/view'
import { VerdictChips } from '../../../ui/Chip.tsx'
import { type Column, DataTable } from '../../../ui/DataTable.tsx'
import { Nothing, Section } from '../../../ui/Section.tsx'
import { Code } from '../../../ui/Text.tsx'
import { Link } from '../../Link.tsx'
import { paths } from '../../paths.ts'
import type { Period } from '../../period.ts'
import type { Part } from './OverviewPage.tsx'

export function TopDestinations({ org, overview, period }: Part) {
  return (
    <Section id="destinations" title="Top destinations" about="Hosts of the most jobs.">
      {overview.destinations.length === 0 ? (
        <Nothing>No job looked up a name or connected by one.</Nothing>
      ) : (
        <>
          <DataTable
            caption="Top destinations"
            columns={columnsFor(org, period)}
            rows={overview.destinations}
            rowKey={({ host }) => host}
          />
          <p className="end">
            <Link to={paths.destinations(org, { period })}>All destinations</Link>
          </p>
        </>
      )}
    </Section>
  )
}

const columnsFor = (org: string, period: Period): readonly Column<OrganisationDestination>[] => [
  {
    title: 'Host',
    wide: true,
    by: ({ host }) => host,
    cell: ({ host, isNew }) => (
      <>
        <Link to={paths.destinations(org, { of: host, period })}>
          <Code value={host} limit={160} />
        </Link>
        {isNew && <span className="tag">new</span>}
      </>
    ),
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
    cell: ({ calls }) => grouped(calls ?? 0),
  },
  {
    title: 'Verdicts',
    cell: ({ verdicts }) => <VerdictChips verdicts={verdicts} />,
  },
]
