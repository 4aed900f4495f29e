import { bytes, grouped, opaqueWords } from '@runwarden/report/view'
import type { Column } from '../../ui/DataTable.tsx'
import { PagedTable } from '../../ui/PagedTable.tsx'
import { Code, Text } from '../../ui/Text.tsx'
import { ProgramList } from '../ProgramList.tsx'
import type { Rows } from '../rows.ts'
import { useJob, useRows } from '../source.ts'

type Traffic = Rows['opaque']

const columns: readonly Column<Traffic>[] = [
  {
    title: 'Host',
    cell: ({ host }) => (host === null ? 'not known' : <Code value={host} limit={200} />),
    by: ({ host }) => host ?? '',
    wide: true,
  },
  {
    title: 'Why it was not read',
    cell: ({ reason, library }) => (
      <>
        {opaqueWords(reason)}
        {library !== null && (
          <span className="aside">
            {' '}
            by <Text value={library} limit={60} />
          </span>
        )}
      </>
    ),
    by: ({ reason }) => opaqueWords(reason),
  },
  {
    title: 'Connections',
    cell: ({ count }) => grouped(count),
    by: ({ count }) => count,
    number: true,
  },
  {
    title: 'Sent',
    cell: ({ bytesSent }) => bytes(bytesSent),
    by: ({ bytesSent }) => bytesSent,
    number: true,
  },
  {
    title: 'Received',
    cell: ({ bytesReceived }) => bytes(bytesReceived),
    by: ({ bytesReceived }) => bytesReceived,
    number: true,
  },
  { title: 'Program and step', cell: ({ programs }) => <ProgramList programs={programs} /> },
]

/** Traffic whose content nobody knows. */
export function Opaque() {
  const { facts } = useJob()
  const list = useRows('opaque')
  if (list.rows.length === 0) return null
  return (
    <section className="part" aria-labelledby="opaque-title">
      <h3 id="opaque-title">
        Not read <span className="count">{grouped(facts.rows.opaque ?? list.rows.length)}</span>
      </h3>
      <p className="about">
        Encrypted connections of which the requests could not be read. Their destinations were
        decided by name and address all the same.
      </p>
      <PagedTable
        caption="Encrypted traffic that was not read"
        columns={columns}
        rows={list.rows}
        rowKey={({ n }) => String(n)}
        total={facts.rows.opaque ?? null}
        more={list.more}
        moreComes={list.moreComes}
      />
    </section>
  )
}
