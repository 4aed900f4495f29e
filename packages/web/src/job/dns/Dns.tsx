import { useCallback, useMemo } from 'react'
import { counted, grouped } from '@runwarden/report/view'
import { alarmOf } from '../../ui/alarm.ts'
import { VerdictChip } from '../../ui/Chip.tsx'
import { CopyButton } from '../../ui/CopyButton.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { PagedTable } from '../../ui/PagedTable.tsx'
import { Code, Text } from '../../ui/Text.tsx'
import { useActor } from '../actor.ts'
import { ActorChoices } from '../ActorChoices.tsx'
import { Cut } from '../Cut.tsx'
import { Listed } from '../Listed.tsx'
import { Narrow } from '../Narrow.tsx'
import { useNarrowing } from '../narrowing.ts'
import { ProgramList } from '../ProgramList.tsx'
import type { Rows } from '../rows.ts'
import { useNarrowedRows } from '../whole.ts'

type Query = Rows['dns']

const weight = ({ verdict }: Query): number => alarmOf(verdict)

const columns: readonly Column<Query>[] = [
  {
    title: 'Verdict',
    cell: (query) => <VerdictChip verdict={query.verdict} />,
    by: weight,
    tight: true,
  },
  { title: 'Name', cell: (query) => <Name query={query} />, by: (query) => query.name, wide: true },
  {
    title: 'Type',
    cell: (query) => <Text value={query.type} limit={40} />,
    by: (query) => query.type,
    tight: true,
  },
  {
    title: 'Answer',
    cell: (query) => <Text value={query.rcode ?? 'none'} limit={40} />,
    by: (query) => query.rcode ?? '',
    tight: true,
  },
  {
    title: 'Server',
    cell: (query) => <Code value={query.server} limit={60} />,
    by: (query) => query.server,
    tight: true,
  },
  {
    title: 'Queries',
    cell: (query) => grouped(query.count),
    by: (query) => query.count,
    number: true,
  },
  {
    title: 'Program and step',
    cell: (query) => <ProgramList programs={query.programs} />,
    by: ({ programs }) => `${programs[0]?.step ?? ''} ${programs[0]?.exe ?? ''}`,
  },
]

/** Every name that was asked for, whatever server was asked. */
export default function Dns() {
  const { narrowing, narrowed: isNarrowed } = useNarrowing()
  const { verdict = null, search = '' } = narrowing
  const { isActor, isChosen } = useActor()
  const fits = useCallback(
    (query: Query) =>
      (verdict === null || query.verdict === verdict) &&
      isActor(query) &&
      [query.name, query.type, query.server, query.rcode, query.reason, ...query.addresses]
        .join('\n')
        .toLowerCase()
        .includes(search.toLowerCase()),
    [verdict, search, isActor],
  )
  const list = useNarrowedRows('dns', narrowing, fits)
  const rows = useMemo(
    () => list.rows.toSorted((a, b) => weight(a) - weight(b) || a.n - b.n),
    [list.rows],
  )
  const narrowed = isNarrowed || isChosen
  return (
    <>
      <p className="about">Every name that was asked for, whatever server was asked.</p>
      <Narrow
        label="Search names"
        found={`${counted(rows.length, 'entry', 'entries')}${list.more === null ? '' : ' so far'}`}
        verdicts
      />
      <div className="tools picks">
        <ActorChoices rows={list.all} />
      </div>
      <Listed
        list={{ ...list, rows }}
        label="DNS queries"
        none="No name was asked for."
        narrowed={narrowed && list.all.length > 0}
        hooks={/cgroup|connect|sendmsg|egress/}
      >
        <PagedTable
          caption="DNS queries"
          columns={columns}
          rows={rows}
          rowKey={({ n }) => String(n)}
          more={list.more}
          moreComes={list.moreComes}
        />
      </Listed>
    </>
  )
}

/** Addresses that are shown without being asked for. */
const few = 3

function Name({ query: { name, addresses, reason } }: { query: Query }) {
  const shown = addresses.slice(0, few).join(', ')
  return (
    <>
      <Cut value={name} />
      {addresses.length <= few && (
        <div className="aside">
          <Text value={shown === '' ? reason : shown} limit={300} />
        </div>
      )}
      {addresses.length > few && (
        <details className="aside">
          <summary>
            <Text value={shown} /> <span className="count">+{addresses.length - few}</span>
          </summary>
          <Text value={addresses.join(', ')} />{' '}
          <CopyButton text={addresses.join('\n')} label="Copy addresses" />
        </details>
      )}
    </>
  )
}
