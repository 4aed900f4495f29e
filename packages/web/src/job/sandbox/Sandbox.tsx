import { counted, grouped } from '@runwarden/report/view'
import type { Column } from '../../ui/DataTable.tsx'
import { PagedTable } from '../../ui/PagedTable.tsx'
import { Code, Text } from '../../ui/Text.tsx'
import { Listed } from '../Listed.tsx'
import { Narrow } from '../Narrow.tsx'
import { useNarrowing } from '../narrowing.ts'
import { ProgramList } from '../ProgramList.tsx'
import type { Rows } from '../rows.ts'
import { useJob, useRows } from '../source.ts'

type Change = Rows['sandbox']

const columns: readonly Column<Change>[] = [
  {
    title: 'Change',
    cell: (row) => <Text value={row.change} />,
    by: (row) => row.change,
    tight: true,
  },
  { title: 'Of what', cell: (row) => <Code value={row.detail} limit={400} />, wide: true },
  {
    title: 'Outcome',
    cell: (row) => (row.errno === 0 ? 'done' : `refused (errno ${row.errno})`),
    by: (row) => row.errno,
    tight: true,
  },
  { title: 'Times', cell: (row) => grouped(row.count), by: (row) => row.count, number: true },
  { title: 'Program', cell: (row) => <ProgramList programs={row.programs} /> },
]

/** Changes of processes' own confinement: mounts, namespaces, modules, capabilities, other processes' memory. */
export default function Sandbox() {
  const { facts } = useJob()
  const { narrowing, narrowed } = useNarrowing()
  const list = useRows('sandbox', narrowing)
  return (
    <>
      <p className="about">
        Mounts, namespaces, kernel modules, capabilities, and looks into other processes.
      </p>
      <Narrow label="Search sandbox changes" found={counted(list.rows.length, 'change')} />
      <Listed
        list={list}
        label="Sandbox changes"
        none="No process changed its confinement."
        narrowed={narrowed}
      >
        <PagedTable
          caption="Sandbox changes"
          columns={columns}
          rows={list.rows}
          rowKey={({ n }) => String(n)}
          total={narrowed ? null : (facts.rows.sandbox ?? null)}
          more={list.more}
          moreComes={list.moreComes}
        />
      </Listed>
    </>
  )
}
