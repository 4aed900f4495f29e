import type { ReportChange } from '@runwarden/events'
import { changeWords, grouped } from '@runwarden/report/view'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { Section } from '../../ui/Section.tsx'
import { Code } from '../../ui/Text.tsx'
import { usePage } from '../context.ts'
import { FileDoer } from './FileDoer.tsx'
import { FileName } from './FileName.tsx'

const columns: Column<ReportChange>[] = [
  {
    title: 'What',
    cell: (change) => changeWords(change.state),
    by: (change) => change.state,
    tight: true,
  },
  {
    title: 'File',
    cell: (change) => <FileName file={{ path: change.path, to: null }} />,
    by: (change) => change.path,
    wide: true,
  },
  {
    title: 'Times',
    cell: (change) => grouped(change.count),
    by: (change) => change.count,
    number: true,
  },
  { title: 'By', cell: (change) => <FileDoer file={change} />, by: (change) => change.exe },
  {
    title: 'First writer',
    cell: ({ writer }) =>
      writer === null ? 'before the run' : <Code value={writer.exe} limit={120} />,
    by: ({ writer }) => writer?.exe ?? '',
  },
  { title: 'SHA-256 before', cell: ({ before }) => <Hash value={before} /> },
  { title: 'after', cell: ({ after }) => <Hash value={after} /> },
]

/** Files of the workspace that another process than their first writer changed. */
export function Changes() {
  const changes = usePage().report.changes ?? []
  return (
    <Section
      id="changes"
      title="Changed by others"
      count={changes.length}
      about="Files of the workspace that another process than their first writer changed, with what they held."
    >
      <DataTable
        caption="Files changed by others than their writer"
        columns={columns}
        rows={changes}
        rowKey={({ state, path, execId, exe }) => `${state} ${path} ${execId} ${exe}`}
      />
    </Section>
  )
}

function Hash({ value }: { value: string | null }) {
  return value === null ? 'not known' : <Code value={value} limit={16} />
}
