import { counted, grouped } from '@runwarden/report/view'
import { VerdictChip } from '../../ui/Chip.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { PagedTable } from '../../ui/PagedTable.tsx'
import { Code, Text } from '../../ui/Text.tsx'
import { Listed } from '../Listed.tsx'
import { Narrow } from '../Narrow.tsx'
import { useNarrowing } from '../narrowing.ts'
import { ProgramList } from '../ProgramList.tsx'
import type { Rows } from '../rows.ts'
import { useJob, useRows } from '../source.ts'

type Query = Rows['dns']

const columns: readonly Column<Query>[] = [
  {
    title: 'Verdict',
    cell: (query) => <VerdictChip verdict={query.verdict} />,
    by: (query) => query.verdict,
    tight: true,
  },
  { title: 'Name', cell: (query) => <Name query={query} />, by: (query) => query.name, wide: true },
  {
    title: 'Type',
    cell: (query) => <Text value={query.type} />,
    by: (query) => query.type,
    tight: true,
  },
  {
    title: 'Answer',
    cell: (query) => <Text value={query.rcode ?? 'none'} />,
    by: (query) => query.rcode ?? '',
    tight: true,
  },
  {
    title: 'Server',
    cell: (query) => <Code value={query.server} />,
    by: (query) => query.server,
    tight: true,
  },
  {
    title: 'Queries',
    cell: (query) => grouped(query.count),
    by: (query) => query.count,
    number: true,
  },
  { title: 'Program', cell: (query) => <ProgramList programs={query.programs} /> },
]

/** Every name that was asked for, whatever server was asked. */
export default function Dns() {
  const { facts } = useJob()
  const { narrowing, narrowed } = useNarrowing()
  const list = useRows('dns', narrowing)
  return (
    <>
      <p className="about">Every name that was asked for, whatever server was asked.</p>
      <Narrow label="Search names" found={counted(list.rows.length, 'query', 'queries')} verdicts />
      <Listed list={list} label="DNS queries" none="No name was asked for." narrowed={narrowed}>
        <PagedTable
          caption="DNS queries"
          columns={columns}
          rows={list.rows}
          rowKey={({ n }) => String(n)}
          total={narrowed ? null : (facts.rows.dns ?? null)}
          more={list.more}
          moreComes={list.moreComes}
        />
      </Listed>
    </>
  )
}

function Name({ query: { name, addresses, reason } }: { query: Query }) {
  return (
    <>
      <Code value={name} limit={260} />
      <div className="aside">
        <Text
          value={
            addresses.length > 0
              ? `${addresses.slice(0, 3).join(', ')}${addresses.length > 3 ? ` +${addresses.length - 3}` : ''}`
              : reason
          }
        />
      </div>
    </>
  )
}
