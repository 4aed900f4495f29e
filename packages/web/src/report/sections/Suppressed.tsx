import type { ReportSuppressed } from '@runwarden/events'
import { grouped } from '@runwarden/report/view'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { Section } from '../../ui/Section.tsx'
import { Code, Text } from '../../ui/Text.tsx'
import { usePage } from '../context.ts'

const columns: Column<ReportSuppressed>[] = [
  { title: 'Detection', cell: ({ id }) => <Code value={id} limit={100} />, by: ({ id }) => id },
  {
    title: 'What was found',
    cell: ({ title }) => <Text value={title} />,
    by: ({ title }) => title,
    wide: true,
  },
  { title: 'Times', cell: ({ count }) => grouped(count), by: ({ count }) => count, number: true },
  { title: 'Why it does not count', cell: ({ by }) => <Text value={by} />, by: ({ by }) => by },
]

export function Suppressed() {
  const suppressed = usePage().report.suppressed ?? []
  return (
    <Section
      id="suppressed"
      title="Suppressed findings"
      count={suppressed.length}
      about="What was found, and is expected by a rule of the job's own: it does not count as a detection."
    >
      <DataTable
        caption="Suppressed findings"
        columns={columns}
        rows={suppressed}
        rowKey={({ id, title, by }) => [id, title, by].join('\0')}
      />
    </Section>
  )
}
