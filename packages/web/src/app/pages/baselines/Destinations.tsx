import type { Baseline } from '@runwarden/api'
import type { Verdict } from '@runwarden/events'
import { grouped } from '@runwarden/report/view'
import { VerdictChips } from '../../../ui/Chip.tsx'
import type { Column } from '../../../ui/DataTable.tsx'
import { PagedTable } from '../../../ui/PagedTable.tsx'
import { Nothing, Section } from '../../../ui/Section.tsx'
import { Code, Text } from '../../../ui/Text.tsx'
import { Time } from '../../../ui/Time.tsx'
import { Link } from '../../Link.tsx'
import { paths } from '../../paths.ts'

type Row = Baseline['destinations'][number]

const keyOf = ({ host, addresses, port, protocol }: Row): string =>
  `${host ?? addresses.join(' ')} ${port} ${protocol}`

interface Props {
  org: string
  rows: readonly Row[]
  runs: number
}

/** What was reached, in how many of the jobs, and when. */
export function Destinations({ org, rows, runs }: Props) {
  return (
    <Section id="destinations" title="Destinations" count={rows.length}>
      {rows.length === 0 ? (
        <Nothing>No outbound connection was seen in any of these jobs.</Nothing>
      ) : (
        <PagedTable
          caption="Destinations"
          columns={columnsFor(org, runs)}
          rows={rows}
          rowKey={keyOf}
        />
      )}
    </Section>
  )
}

const columnsFor = (org: string, runs: number): readonly Column<Row>[] => [
  {
    title: 'Destination',
    wide: true,
    by: ({ host, addresses }) => host ?? addresses[0] ?? '',
    cell: ({ host, addresses, port, protocol }) => (
      <>
        <Link to={paths.search(org, host === null ? { address: addresses[0] } : { host })}>
          <Code value={host ?? addresses[0] ?? 'unknown'} limit={200} />
        </Link>
        <code>:{port}</code>
        {protocol !== 'tcp' && <span className="tag">{protocol}</span>}
      </>
    ),
  },
  {
    title: 'Jobs',
    number: true,
    by: (row) => row.runs,
    cell: (row) => `${grouped(row.runs)} of ${grouped(runs)}`,
  },
  {
    title: 'Verdicts',
    cell: ({ verdicts }) => <VerdictChips verdicts={verdicts as Verdict[]} />,
  },
  {
    title: 'Programs',
    cell: ({ programs }) => (
      <ul className="plain">
        {programs.slice(0, 3).map(({ exe, step }) => (
          <li key={`${exe} ${step}`}>
            <Code value={exe ?? 'unknown'} limit={120} />
            {step !== null && (
              <span className="aside">
                {' '}
                in <Text value={step} limit={60} />
              </span>
            )}
          </li>
        ))}
        {programs.length > 3 && <li className="aside">+{programs.length - 3}</li>}
      </ul>
    ),
  },
  {
    title: 'First seen',
    tight: true,
    by: ({ first }) => first.at,
    cell: ({ first }) => (
      <Link to={paths.looseJob(org, first.jobId)}>
        <Time at={first.at} />
      </Link>
    ),
  },
  {
    title: 'Last seen',
    tight: true,
    by: ({ last }) => last.at,
    cell: ({ last }) => (
      <Link to={paths.looseJob(org, last.jobId)}>
        <Time at={last.at} />
      </Link>
    ),
  },
]
