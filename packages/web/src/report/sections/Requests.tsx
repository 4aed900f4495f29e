import { useState } from 'react'
import type { ReportHttp } from '@runwarden/events'
import { counted, grouped } from '@runwarden/report/view'
import { VerdictChip } from '../../ui/Chip.tsx'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { SearchBox } from '../../ui/SearchBox.tsx'
import { Section } from '../../ui/Section.tsx'
import { Code } from '../../ui/Text.tsx'
import { usePage } from '../context.ts'

const columns: Column<ReportHttp>[] = [
  {
    title: 'Verdict',
    cell: (request) => <VerdictChip verdict={request.verdict} />,
    by: (request) => request.verdict,
  },
  {
    title: 'Method',
    cell: (request) => <Code value={request.method} limit={40} />,
    by: (request) => request.method,
  },
  {
    title: 'Host',
    cell: (request) => <Code value={request.host} limit={260} />,
    by: (request) => request.host,
  },
  {
    title: 'Path',
    cell: (request) => <Code value={request.path} />,
    by: (request) => request.path,
    wide: true,
  },
  {
    title: 'Requests',
    cell: (request) => grouped(request.count),
    by: (request) => request.count,
    number: true,
  },
]

export function Requests() {
  const { report } = usePage()
  const [search, setSearch] = useState('')
  const word = search.toLowerCase()
  const rows = report.http.filter((request) =>
    `${request.method} ${request.host}${request.path}`.toLowerCase().includes(word),
  )
  return (
    <Section id="http" title="HTTP requests" count={report.http.length}>
      <div className="tools">
        <SearchBox
          label="Search requests"
          value={search}
          onChange={setSearch}
          found={counted(rows.length, 'request')}
        />
      </div>
      <DataTable
        caption="HTTP requests"
        columns={columns}
        rows={rows}
        rowKey={(request) =>
          `${request.verdict} ${request.step} ${request.method} ${request.host}${request.path}`
        }
      />
    </Section>
  )
}
