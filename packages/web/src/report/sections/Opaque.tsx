import type { ReportOpaque } from '@runwarden/events'
import { bytes, grouped, opaqueWords } from '@runwarden/report/view'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { Section } from '../../ui/Section.tsx'
import { Code } from '../../ui/Text.tsx'
import { usePage } from '../context.ts'
import { ProcessList } from '../ProcessLink.tsx'

const columns: Column<ReportOpaque>[] = [
  { title: 'Program', cell: (one) => <Code value={one.exe} />, by: (one) => one.exe, wide: true },
  {
    title: 'Host',
    cell: (one) => (one.host === null ? 'not known' : <Code value={one.host} limit={260} />),
    by: (one) => one.host ?? '',
  },
  { title: 'Why', cell: (one) => opaqueWords(one.reason), by: (one) => one.reason },
  {
    title: 'Connections',
    cell: (one) => grouped(one.connections),
    by: (one) => one.connections,
    number: true,
  },
  { title: 'Sent', cell: (one) => bytes(one.bytesSent), by: (one) => one.bytesSent, number: true },
  {
    title: 'Process',
    cell: (one) => <ProcessList processes={one.processes} />,
    by: (one) => one.processes[0]?.exe ?? '',
  },
]

/** Traffic whose content nobody knows. */
export function Opaque() {
  const { opaque } = usePage().report
  return (
    <Section
      id="opaque"
      title="HTTPS traffic that stayed opaque"
      count={opaque.length}
      about="Connections of which the requests could not be read. Their destinations were decided by name and address all the same."
    >
      <DataTable
        caption="HTTPS traffic that stayed opaque"
        columns={columns}
        rows={opaque}
        rowKey={(one) => `${one.exe} ${one.host} ${one.reason} ${one.library}`}
      />
    </Section>
  )
}
