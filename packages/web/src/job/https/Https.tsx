import { useCallback, useMemo } from 'react'
import { bytes, counted, grouped, statusesOf } from '@runwarden/report/view'
import { alarmOf } from '../../ui/alarm.ts'
import { Choice } from '../../ui/Choice.tsx'
import { VerdictChip } from '../../ui/Chip.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { PagedTable } from '../../ui/PagedTable.tsx'
import { Code, Text } from '../../ui/Text.tsx'
import { useActor } from '../actor.ts'
import { ActorChoices } from '../ActorChoices.tsx'
import { useAddressed } from '../address.ts'
import { Listed } from '../Listed.tsx'
import { Narrow } from '../Narrow.tsx'
import { useNarrowing } from '../narrowing.ts'
import { ProgramList } from '../ProgramList.tsx'
import type { Rows } from '../rows.ts'
import { useNarrowedRows } from '../whole.ts'
import { Opaque } from './Opaque.tsx'
import { TokenPermissions } from './TokenPermissions.tsx'

type Request = Rows['http']

const weight = ({ verdict }: Request): number => alarmOf(verdict)

const columns: readonly Column<Request>[] = [
  {
    title: 'Verdict',
    cell: ({ verdict }) => <VerdictChip verdict={verdict} />,
    by: weight,
    tight: true,
  },
  {
    title: 'Method',
    cell: ({ method }) => <Code value={method} limit={20} />,
    by: ({ method }) => method,
    tight: true,
  },
  {
    title: 'Host and path',
    cell: ({ scheme, host, path, verdict, reason }) => (
      <>
        <Code value={`${scheme === 'http' ? 'http://' : ''}${host}`} limit={120} />
        <Code value={path} limit={300} />
        {verdict !== 'allowed' && reason !== '' && (
          <div className="aside">
            <Text value={reason} limit={200} />
          </div>
        )}
      </>
    ),
    by: ({ host, path }) => `${host}${path}`,
    wide: true,
  },
  {
    title: 'Status',
    cell: (request) => statusesOf(request),
    tight: true,
  },
  {
    title: 'Requests',
    cell: ({ count }) => grouped(count),
    by: ({ count }) => count,
    number: true,
  },
  {
    title: 'Up',
    cell: ({ requestBytes }) => bytes(requestBytes),
    by: ({ requestBytes }) => requestBytes,
    number: true,
  },
  {
    title: 'Down',
    cell: ({ responseBytes }) => bytes(responseBytes),
    by: ({ responseBytes }) => responseBytes,
    number: true,
  },
  { title: 'Program and step', cell: ({ programs }) => <ProgramList programs={programs} /> },
]

/** What programs asked over TLS, by host, and what that means for the job's token. */
export default function Https() {
  const { narrowing, narrowed: isNarrowed } = useNarrowing()
  const { verdict = null, search = '' } = narrowing
  const { isActor, isChosen } = useActor()
  const [host, setHost] = useAddressed('host')
  const fits = useCallback(
    (row: Request) =>
      (verdict === null || row.verdict === verdict) &&
      (host === null || row.host === host) &&
      isActor(row) &&
      `${row.method} ${row.host}${row.path}\n${row.host} ${row.path}`
        .toLowerCase()
        .includes(search.toLowerCase()),
    [verdict, search, host, isActor],
  )
  const list = useNarrowedRows('http', narrowing, fits)
  // By host, those with a refusal first.
  const rows = useMemo(() => {
    const worst = new Map<string, number>()
    for (const row of list.rows)
      worst.set(row.host, Math.min(worst.get(row.host) ?? 9, weight(row)))
    return list.rows.toSorted(
      (a, b) =>
        (worst.get(a.host) ?? 9) - (worst.get(b.host) ?? 9) ||
        (a.host < b.host ? -1 : a.host > b.host ? 1 : 0) ||
        weight(a) - weight(b) ||
        a.n - b.n,
    )
  }, [list.rows])
  const hosts = useMemo(() => [...new Set(list.all.map((row) => row.host))].toSorted(), [list.all])
  return (
    <>
      <p className="about">
        What programs asked over TLS, read before it was encrypted. Queries and header values are
        never kept.
      </p>
      <TokenPermissions />
      <Opaque />
      <section className="part" aria-labelledby="requests-title">
        <h3 id="requests-title">Requests</h3>
        <Narrow label="Search requests" found={counted(rows.length, 'entry', 'entries')} verdicts />
        <div className="tools picks">
          <Choice label="Host" all="All hosts" options={hosts} value={host} onChoose={setHost} />
          <ActorChoices rows={list.all} />
        </div>
        <Listed
          list={{ ...list, rows }}
          label="HTTPS requests"
          none="No request was read: the job made none by a library that can be read."
          narrowed={(isNarrowed || host !== null || isChosen) && list.all.length > 0}
          hooks={/tls|ssl|uprobe/i}
        >
          <PagedTable
            caption="HTTPS requests"
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
