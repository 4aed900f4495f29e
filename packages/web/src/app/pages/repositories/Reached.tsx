import { useQuery } from '@tanstack/react-query'
import type { Baseline } from '@runwarden/api'
import { counted, grouped } from '@runwarden/report/view'
import { type Column, DataTable } from '../../../ui/DataTable.tsx'
import { Nothing, Section } from '../../../ui/Section.tsx'
import { Code } from '../../../ui/Text.tsx'
import { Time } from '../../../ui/Time.tsx'
import { api, ask } from '../../api.ts'
import { Link } from '../../Link.tsx'
import { paths } from '../../paths.ts'
import { Loaded } from '../../states/Loaded.tsx'

type Destination = Baseline['destinations'][number]

const first = 10

/** Where a repository's jobs go, of the most jobs first. */
export function Reached({ org, repository }: { org: string; repository: string }) {
  const query = useQuery({
    queryKey: ['baseline', org, repository],
    queryFn: () =>
      ask(api.GET('/v1/orgs/{org}/baseline', { params: { path: { org }, query: { repository } } })),
  })
  return (
    <Section id="reached" title="Top destinations">
      <Loaded query={query} label="Destinations are loading" lines={4}>
        {({ destinations, runs }) =>
          destinations.length === 0 ? (
            <Nothing>
              {runs === 0
                ? 'No job has finished yet.'
                : `No destination was seen in ${counted(runs, 'job')}.`}
            </Nothing>
          ) : (
            <>
              <DataTable
                caption="Top destinations"
                columns={columnsFor(org)}
                rows={destinations.toSorted((a, b) => b.runs - a.runs).slice(0, first)}
                rowKey={({ host, addresses, port, protocol }) =>
                  `${host ?? addresses.join(' ')} ${port} ${protocol}`
                }
              />
              <p className="end">
                Of the newest {counted(runs, 'job')}.{' '}
                <Link to={paths.baselines(org, { repository })}>
                  All {counted(destinations.length, 'destination')}, and the policy that follows
                </Link>
              </p>
            </>
          )
        }
      </Loaded>
    </Section>
  )
}

const columnsFor = (org: string): readonly Column<Destination>[] => [
  {
    title: 'Destination',
    wide: true,
    cell: ({ host, addresses, port }) => {
      const name = host ?? addresses[0] ?? 'unknown'
      return (
        <>
          <Link
            to={paths.destinations(org, {
              of: name,
              kind: host === null ? 'address' : null,
              period: '30d',
            })}
          >
            <Code value={name} limit={160} />
          </Link>
          <code>:{port}</code>
        </>
      )
    },
  },
  { title: 'Jobs', number: true, cell: ({ runs }) => grouped(runs) },
  { title: 'First seen', cell: (one) => <Time at={one.first.at} /> },
  { title: 'Last seen', cell: (one) => <Time at={one.last.at} /> },
]
