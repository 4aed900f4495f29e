import { changeWords, grouped } from '@runwarden/report/view'
import { CopyButton } from '../../ui/CopyButton.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { PagedTable } from '../../ui/PagedTable.tsx'
import { Code, Text } from '../../ui/Text.tsx'
import { ProgramList } from '../ProgramList.tsx'
import type { Rows } from '../rows.ts'
import { useJob, useRows } from '../source.ts'
import { FileName } from './FileName.tsx'

type Change = Rows['changes']

const relations: Readonly<Record<Change['relation'], string>> = {
  'same-program': 'the same program, another process',
  'same-step': 'another program of the same step',
  'other-step': 'another step',
  'before-run': 'it was there before the run',
}

const columns: readonly Column<Change>[] = [
  {
    title: 'What',
    cell: ({ state, ways }) => (
      <>
        {changeWords(state)}
        <div className="aside">
          <Text value={ways.join(', ')} limit={80} />
        </div>
      </>
    ),
    by: ({ state }) => state,
    tight: true,
  },
  {
    title: 'File',
    cell: ({ path, dependency }) => (
      <>
        <FileName path={path} />
        <div className="aside">
          {dependency === null ? (
            'of the checkout'
          ) : (
            <>
              of <Text value={dependency} limit={120} />
            </>
          )}
        </div>
      </>
    ),
    by: ({ path }) => path,
    wide: true,
  },
  { title: 'Times', cell: ({ count }) => grouped(count), by: ({ count }) => count, number: true },
  {
    title: 'First writer',
    cell: ({ writer, relation }) => (
      <>
        {writer === null ? (
          'before the run'
        ) : (
          <>
            <Code value={writer.exe} limit={80} />
            {writer.step !== null && (
              <span className="aside">
                {' '}
                in <Text value={writer.step} limit={60} />
              </span>
            )}
          </>
        )}
        {writer !== null && <div className="aside">changed by {relations[relation]}</div>}
      </>
    ),
    by: ({ writer }) => writer?.exe ?? '',
  },
  {
    title: 'SHA-256',
    cell: ({ before, after }) => (
      <>
        <Hash word="before" value={before} />
        <Hash word="after" value={after} />
      </>
    ),
    tight: true,
  },
  { title: 'Changed by', cell: ({ programs }) => <ProgramList programs={programs} /> },
]

/** Files of the workspace that another process than their first writer changed: overwritten sources first. */
export function Changes() {
  const { facts } = useJob()
  const list = useRows('changes')
  if (list.rows.length === 0) return null
  const rows = list.rows.toSorted((a, b) => alarm(a) - alarm(b) || a.n - b.n)
  return (
    <section className="part" aria-labelledby="changes-title">
      <h3 id="changes-title">
        Changed by others{' '}
        <span className="count alarm">{grouped(facts.rows.changes ?? list.rows.length)}</span>
      </h3>
      <p className="about">
        Files of the workspace that another process than their first writer changed, with what they
        held. Sources of the checkout come first.
      </p>
      <PagedTable
        caption="Files changed by others than their writer"
        columns={columns}
        rows={rows}
        rowKey={({ n }) => String(n)}
        total={facts.rows.changes ?? null}
        more={list.more}
        moreComes={list.moreComes}
      />
    </section>
  )
}

/** A source that holds something else now, then one that did for a while, then dependencies. */
const alarm = ({ state, dependency, relation }: Change): number =>
  (state === 'changed' ? 0 : state === 'restored' ? 1 : 2) +
  (dependency === null ? 0 : 4) +
  (relation === 'other-step' || relation === 'before-run' ? 0 : 2)

function Hash({ word, value }: { word: string; value: string | null }) {
  return (
    <div>
      <span className="aside">{word} </span>
      {value === null ? (
        <span className="unknown">not known</span>
      ) : (
        <>
          <Code value={value.slice(0, 12)} /> <CopyButton text={value} label={`Copy ${word}`} />
        </>
      )}
    </div>
  )
}
