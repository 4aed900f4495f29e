import { useCallback, useMemo } from 'react'
import { counted, grouped, noFile } from '@runwarden/report/view'
import { ChoiceButtons } from '../../ui/ChoiceButtons.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { PagedTable } from '../../ui/PagedTable.tsx'
import { Text } from '../../ui/Text.tsx'
import { useActor } from '../actor.ts'
import { ActorChoices } from '../ActorChoices.tsx'
import { useAddressed } from '../address.ts'
import { Listed } from '../Listed.tsx'
import { Narrow } from '../Narrow.tsx'
import { useNarrowing } from '../narrowing.ts'
import { ProgramList } from '../ProgramList.tsx'
import type { Rows } from '../rows.ts'
import { useReport } from '../source.ts'
import { useNarrowedRows } from '../whole.ts'
import { Changes } from './Changes.tsx'
import { FileName } from './FileName.tsx'
import { type FileLine, folded } from './folded.ts'

type File = Rows['files']

const kinds = ['sensitive', 'workspace', 'write', 'create', 'delete', 'rename', 'read'] as const
type Kind = (typeof kinds)[number]

const isOf = (file: File, kind: Kind): boolean => {
  if (kind === 'sensitive') return file.sensitive !== null
  return kind === 'workspace' ? file.workspace : file.action === kind
}

const columns: readonly Column<FileLine>[] = [
  { title: 'Act', cell: (file) => <Act file={file} />, by: ({ action }) => action, tight: true },
  {
    title: 'File',
    cell: ({ path, to, pids }) => (
      <>
        <FileName path={path} to={to} />
        {pids.length > 0 && <OfProcesses pids={pids} />}
      </>
    ),
    by: ({ path }) => path,
    wide: true,
  },
  { title: 'Times', cell: ({ count }) => grouped(count), by: ({ count }) => count, number: true },
  { title: 'Program and step', cell: ({ programs }) => <ProgramList programs={programs} /> },
]

/** What the job did with files; what others changed comes first. */
export default function Files() {
  const { narrowing, narrowed: isNarrowed } = useNarrowing()
  const { search = '' } = narrowing
  const { isActor, isChosen } = useActor()
  const [kind, setKind] = useAddressed('kind', kinds)
  const report = useReport().data ?? null
  const fits = useCallback(
    (file: File) => {
      const word = search.toLowerCase()
      return (
        (kind === null || isOf(file, kind)) &&
        isActor(file) &&
        (word === '' ||
          `${file.path}\n${file.to}\n${file.sensitive}`.toLowerCase().includes(word) ||
          file.programs.some(({ exe }) => exe?.toLowerCase().includes(word)))
      )
    },
    [search, kind, isActor],
  )
  const list = useNarrowedRows('files', narrowing, fits)
  const rows = useMemo(
    () =>
      folded(list.rows).toSorted(
        (a, b) =>
          Number(b.sensitive !== null) - Number(a.sensitive !== null) ||
          Number(b.workspace) - Number(a.workspace) ||
          a.n - b.n,
      ),
    [list.rows],
  )
  const options = useMemo(
    () => kinds.filter((one) => list.all.some((file) => isOf(file, one))),
    [list.all],
  )
  return (
    <>
      <Changes />
      <section className="part" aria-labelledby="acts-title">
        <h3 id="acts-title">Acts on files</h3>
        <p className="about">
          Changes in the workspace, and every use of places that hold credentials.
        </p>
        <Narrow
          label="Search files"
          found={`${counted(rows.length, 'entry', 'entries')}${list.more === null ? '' : ' so far'}`}
        />
        <div className="tools picks">
          {options.length > 1 && (
            <ChoiceButtons
              legend="Kind"
              options={options}
              value={kind}
              onPress={(one) => setKind(one === kind ? null : one)}
            />
          )}
          <ActorChoices rows={list.all} />
        </div>
        <Listed
          list={{ ...list, rows }}
          label="Acts on files"
          none={
            report === null
              ? 'No file was changed in the workspace, and no sensitive file was touched.'
              : noFile(report)
          }
          narrowed={(isNarrowed || kind !== null || isChosen) && list.all.length > 0}
          hooks={/sys_exit|file|path|unlink|rename|io_uring/}
        >
          <PagedTable
            caption="Acts on files"
            columns={columns}
            rows={rows}
            rowKey={({ n }) => String(n)}
            more={list.more}
            moreComes={list.moreComes}
          />
        </Listed>
      </section>
    </>
  )
}

function OfProcesses({ pids }: { pids: readonly number[] }) {
  return (
    <details className="others">
      <summary>of {counted(pids.length, 'process', 'processes')}</summary>
      <code>{pids.join(', ')}</code>
    </details>
  )
}

function Act({ file: { action, sensitive, errno, workspace } }: { file: File }) {
  return (
    <>
      {action}
      {sensitive !== null && (
        <span className="tag sensitive">
          <Text value={sensitive} limit={40} />
        </span>
      )}
      {!workspace && sensitive === null && <span className="tag">outside</span>}
      {errno !== 0 && <span className="tag">failed, errno {errno}</span>}
    </>
  )
}
