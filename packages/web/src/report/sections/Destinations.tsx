import { useMemo, useState } from 'react'
import type { Destination, Verdict } from '@runwarden/events'
import { bytes, counted, grouped, placeOf } from '@runwarden/report/view'
import { VerdictChip } from '../../ui/Chip.tsx'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { Filter, kinds } from '../../ui/Filter.tsx'
import { SearchBox } from '../../ui/SearchBox.tsx'
import { Section } from '../../ui/Section.tsx'
import { Code, Text } from '../../ui/Text.tsx'
import { usePage } from '../context.ts'
import { Empty } from './Empty.tsx'
import { ProcessList } from '../ProcessLink.tsx'

const weight: Record<Verdict, number> = {
  'attack-blocked': 0,
  blocked: 1,
  'would-block': 2,
  allowed: 3,
}

const columns: Column<Destination>[] = [
  {
    title: 'Verdict',
    cell: (to) => <VerdictChip verdict={to.verdict} />,
    by: (to) => weight[to.verdict],
  },
  { title: 'Destination', cell: (to) => <Place to={to} />, by: placeOf, wide: true },
  { title: 'Attempts', cell: (to) => grouped(to.count), by: (to) => to.count, number: true },
  {
    title: 'Sent',
    cell: (to) => (to.bytesOut > 0 ? bytes(to.bytesOut) : ''),
    by: (to) => to.bytesOut,
    number: true,
  },
  {
    title: 'Process',
    cell: (to) => <ProcessList processes={to.processes} />,
    by: (to) => to.processes[0]?.exe ?? '',
  },
]

export function Destinations() {
  const { report } = usePage()
  const [search, setSearch] = useState('')
  const [verdict, setVerdict] = useState<Verdict | null>(null)
  const rows = useMemo(() => {
    const word = search.toLowerCase()
    return report.destinations.filter(
      (to) => (verdict === null || to.verdict === verdict) && told(to).includes(word),
    )
  }, [report, search, verdict])
  const all = report.destinations
  return (
    <Section id="destinations" title="Destinations" count={all.length}>
      {all.length === 0 && <Empty>No destination was reached or tried.</Empty>}
      {all.length > 0 && (
        <>
          <div className="tools">
            <SearchBox
              label="Search destinations"
              value={search}
              onChange={setSearch}
              found={counted(rows.length, 'destination')}
            />
            <Filter
              label="Verdict"
              options={kinds(all, (to) => to.verdict)}
              chosen={verdict}
              onChoose={setVerdict}
            />
          </div>
          <DataTable
            caption="Destinations"
            columns={columns}
            rows={rows}
            rowKey={(to) => `${to.verdict} ${to.firstSeq} ${placeOf(to)}`}
          />
        </>
      )}
    </Section>
  )
}

function told(to: Destination): string {
  return [
    placeOf(to),
    ...to.addresses,
    to.reason,
    to.rule,
    ...to.processes.map((process) => process.exe),
  ]
    .join('\n')
    .toLowerCase()
}

function Place({ to }: { to: Destination }) {
  const known = to.host === null ? [] : to.addresses
  return (
    <>
      <Code value={placeOf(to)} limit={300} />
      {to.local && <span className="tag">this machine</span>}
      <div className="aside">
        {known.length > 0 && (
          <Text
            value={`${known.slice(0, 3).join(', ')}${known.length > 3 ? ` +${known.length - 3}` : ''} · `}
          />
        )}
        <Text value={to.rule ?? to.reason} />
      </div>
    </>
  )
}
