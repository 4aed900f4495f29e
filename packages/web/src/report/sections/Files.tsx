import { useMemo, useState } from 'react'
import type { ReportFile } from '@runwarden/events'
import { counted, grouped, noFile } from '@runwarden/report/view'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { Filter, kinds } from '../../ui/Filter.tsx'
import { SearchBox } from '../../ui/SearchBox.tsx'
import { Section } from '../../ui/Section.tsx'
import { Text } from '../../ui/Text.tsx'
import { usePage } from '../context.ts'
import { Empty } from './Empty.tsx'
import { FileName } from './FileName.tsx'
import { FileDoer } from './FileDoer.tsx'

const columns: Column<ReportFile>[] = [
  { title: 'Act', cell: (file) => <Act file={file} />, by: (file) => file.action, tight: true },
  { title: 'File', cell: (file) => <FileName file={file} />, by: (file) => file.path, wide: true },
  { title: 'Times', cell: (file) => grouped(file.count), by: (file) => file.count, number: true },
  { title: 'Process', cell: (file) => <FileDoer file={file} />, by: (file) => file.exe },
]

type Kind = 'sensitive' | ReportFile['action']

export function Files() {
  const { report } = usePage()
  const [search, setSearch] = useState('')
  const [kind, setKind] = useState<Kind | null>(null)
  const all = useMemo(
    () =>
      report.files.toSorted((a, b) => Number(b.sensitive !== null) - Number(a.sensitive !== null)),
    [report],
  )
  const rows = useMemo(() => {
    const word = search.toLowerCase()
    return all.filter(
      (file) =>
        (kind === null || kindOf(file) === kind) &&
        `${file.path}\n${file.to}\n${file.exe}`.toLowerCase().includes(word),
    )
  }, [all, search, kind])
  return (
    <Section
      id="files"
      title="Files"
      count={all.length}
      about="Changes in the workspace, and every use of places that hold credentials."
    >
      {all.length === 0 && <Empty>{noFile(report)}</Empty>}
      {all.length > 0 && (
        <>
          <div className="tools">
            <SearchBox
              label="Search files"
              value={search}
              onChange={setSearch}
              found={counted(rows.length, 'entry', 'entries')}
            />
            <Filter
              label="Kind of act"
              options={kinds(all, kindOf)}
              chosen={kind}
              onChoose={setKind}
            />
          </div>
          <DataTable
            caption="File acts"
            columns={columns}
            rows={rows}
            rowKey={(file) => `${file.action} ${file.execId} ${file.errno} ${file.path} ${file.to}`}
          />
        </>
      )}
    </Section>
  )
}

function kindOf(file: ReportFile): Kind {
  return file.sensitive === null ? file.action : 'sensitive'
}

function Act({ file }: { file: ReportFile }) {
  return (
    <>
      {file.action}
      {file.sensitive !== null && (
        <span className="tag sensitive">
          <Text value={file.sensitive} limit={60} />
        </span>
      )}
      {file.errno !== 0 && <span className="tag">failed, errno {file.errno}</span>}
    </>
  )
}
