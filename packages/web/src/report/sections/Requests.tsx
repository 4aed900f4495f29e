import { useState } from 'react'
import type { ReportHttp } from '@runwarden/events'
import { bytes, counted, grouped, statusesOf } from '@runwarden/report/view'
import { VerdictChip } from '../../ui/Chip.tsx'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { SearchBox } from '../../ui/SearchBox.tsx'
import { Section } from '../../ui/Section.tsx'
import { Code } from '../../ui/Text.tsx'
import { usePage } from '../context.ts'
import { ProcessList } from '../ProcessLink.tsx'

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
    title: 'To',
    cell: (request) => <Code value={`${request.scheme}://${request.host}${request.path}`} />,
    by: (request) => `${request.host}${request.path}`,
    wide: true,
  },
  {
    title: 'Status',
    cell: (request) => statusesOf(request),
    by: (request) => Object.keys(request.statuses)[0] ?? '',
    tight: true,
  },
  {
    title: 'Requests',
    cell: (request) => grouped(request.count),
    by: (request) => request.count,
    number: true,
  },
  {
    title: 'Up',
    cell: (request) => bytes(request.requestBytes),
    by: (request) => request.requestBytes,
    number: true,
  },
  {
    title: 'Down',
    cell: (request) => bytes(request.responseBytes),
    by: (request) => request.responseBytes,
    number: true,
  },
  {
    title: 'Process',
    cell: (request) => <ProcessList processes={request.processes} />,
    by: (request) => request.processes[0]?.exe ?? '',
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
    <Section
      id="http"
      title="HTTPS requests"
      count={report.http.length}
      about="What programs asked over TLS, read before it was encrypted: what it says is what the program said. Queries and header values are never kept."
    >
      <div className="tools">
        <SearchBox
          label="Search requests"
          value={search}
          onChange={setSearch}
          found={counted(rows.length, 'request')}
        />
      </div>
      <DataTable
        caption="HTTPS requests"
        columns={columns}
        rows={rows}
        rowKey={(request) =>
          `${request.verdict} ${request.step} ${request.method} ${request.scheme}://${request.host}${request.path}`
        }
      />
    </Section>
  )
}
