import type { ReportSandbox } from '@runwarden/events'
import { grouped } from '@runwarden/report/view'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { Section } from '../../ui/Section.tsx'
import { Code, Text } from '../../ui/Text.tsx'
import { usePage } from '../context.ts'
import { Empty } from './Empty.tsx'
import { Doer } from '../ProcessLink.tsx'

const columns: Column<ReportSandbox>[] = [
  {
    title: 'Change',
    cell: (entry) => <Text value={entry.change} limit={60} />,
    by: (entry) => entry.change,
  },
  {
    title: 'What exactly',
    cell: (entry) => <Code value={entry.detail} />,
    by: (entry) => entry.detail,
    wide: true,
  },
  {
    title: 'Result',
    cell: (entry) => (entry.errno === 0 ? 'done' : `refused, errno ${entry.errno}`),
    by: (entry) => entry.errno,
    tight: true,
  },
  {
    title: 'Times',
    cell: (entry) => grouped(entry.count),
    by: (entry) => entry.count,
    number: true,
  },
  { title: 'Process', cell: (entry) => <Doer execId={entry.execId} /> },
]

export function Sandbox() {
  const { sandbox } = usePage().report
  return (
    <Section
      id="sandbox"
      title="Sandbox changes"
      count={sandbox.length}
      about="Mounts, namespaces, tracing and other ways in or out of confinement."
    >
      {sandbox.length === 0 ? (
        <Empty>No process changed its confinement.</Empty>
      ) : (
        <DataTable
          caption="Sandbox changes"
          columns={columns}
          rows={sandbox}
          rowKey={(entry) => `${entry.change} ${entry.execId} ${entry.errno} ${entry.detail}`}
        />
      )}
    </Section>
  )
}
