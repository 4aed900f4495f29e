import { useMemo, useState } from 'react'
import type { ReportDns, Verdict } from '@runwarden/events'
import { counted, grouped } from '@runwarden/report/view'
import { VerdictChip } from '../../ui/Chip.tsx'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { Filter, kinds } from '../../ui/Filter.tsx'
import { SearchBox } from '../../ui/SearchBox.tsx'
import { Section } from '../../ui/Section.tsx'
import { Code, Text } from '../../ui/Text.tsx'
import { usePage } from '../context.ts'
import { Empty } from './Empty.tsx'
import { ProcessList } from '../ProcessLink.tsx'

const columns: Column<ReportDns>[] = [
  {
    title: 'Verdict',
    cell: (query) => <VerdictChip verdict={query.verdict} />,
    by: (query) => query.verdict,
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
  {
    title: 'Process',
    cell: (query) => <ProcessList processes={query.processes} />,
    by: (query) => query.processes[0]?.exe ?? '',
  },
]

export function Dns() {
  const { report } = usePage()
  const [search, setSearch] = useState('')
  const [verdict, setVerdict] = useState<Verdict | null>(null)
  const rows = useMemo(() => {
    const word = search.toLowerCase()
    return report.dns.filter(
      (query) => (verdict === null || query.verdict === verdict) && told(query).includes(word),
    )
  }, [report, search, verdict])
  return (
    <Section
      id="dns"
      title="DNS"
      count={report.dns.length}
      about="Every name that was asked for, whatever server was asked."
    >
      {report.dns.length === 0 && <Empty>No name was asked for.</Empty>}
      {report.dns.length > 0 && (
        <>
          <div className="tools">
            <SearchBox
              label="Search names"
              value={search}
              onChange={setSearch}
              found={counted(rows.length, 'query', 'queries')}
            />
            <Filter
              label="Verdict"
              options={kinds(report.dns, (query) => query.verdict)}
              chosen={verdict}
              onChoose={setVerdict}
            />
          </div>
          <DataTable
            caption="DNS queries"
            columns={columns}
            rows={rows}
            rowKey={(query) => `${query.verdict} ${query.type} ${query.server} ${query.name}`}
          />
        </>
      )}
    </Section>
  )
}

function told(query: ReportDns): string {
  return [
    query.name,
    query.type,
    query.server,
    ...query.addresses,
    ...query.processes.map((process) => process.exe),
  ]
    .join('\n')
    .toLowerCase()
}

function Name({ query }: { query: ReportDns }) {
  const { addresses } = query
  return (
    <>
      <Code value={query.name} limit={260} />
      <div className="aside">
        <Text
          value={
            addresses.length > 0
              ? `${addresses.slice(0, 3).join(', ')}${addresses.length > 3 ? ` +${addresses.length - 3}` : ''}`
              : query.reason
          }
        />
      </div>
    </>
  )
}
