import { plain } from '@runwarden/events/plain'
import { bytes, grouped as digits } from '@runwarden/report/view'
import { VerdictChip } from '../../ui/Chip.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { Code, Text } from '../../ui/Text.tsx'
import { verdicts } from '../narrowing.ts'
import { ProgramList } from '../ProgramList.tsx'
import { Since } from '../Since.tsx'
import type { Group } from './group.ts'

interface Given {
  startedAt: number
  isNew: (group: Group) => boolean
  /** Key of the destination that the page tells more of. */
  open: string | null
  setOpen: (key: string | null) => void
}

export const columnsOf = ({ startedAt, isNew, open, setOpen }: Given): readonly Column<Group>[] => [
  {
    title: 'Verdict',
    cell: (group) => (
      <>
        {group.verdicts.map((verdict) => (
          <div key={verdict}>
            <VerdictChip verdict={verdict} />
          </div>
        ))}
      </>
    ),
    by: ({ verdicts: [worst] }) => (worst === undefined ? 9 : verdicts.indexOf(worst)),
    tight: true,
  },
  {
    title: 'Destination',
    cell: (group) => <Place group={group} isNew={isNew(group)} />,
    by: ({ place }) => place,
    wide: true,
  },
  {
    title: 'First seen',
    cell: ({ firstTime }) => <Since at={firstTime} start={startedAt} />,
    by: ({ firstTime, firstSeq }) => firstTime ?? firstSeq,
    tight: true,
  },
  { title: 'Attempts', cell: ({ count }) => digits(count), by: ({ count }) => count, number: true },
  {
    title: 'Sent',
    cell: ({ bytesOut }) => (bytesOut > 0 ? bytes(bytesOut) : ''),
    by: ({ bytesOut }) => bytesOut,
    number: true,
  },
  {
    title: 'Why',
    cell: ({ key, place }) => (
      <button
        type="button"
        className="why-button"
        aria-expanded={key === open}
        onClick={() => setOpen(key === open ? null : key)}
      >
        why?<span className="unseen"> {plain(place, 80)}</span>
      </button>
    ),
    tight: true,
  },
  {
    title: 'Program and step',
    cell: ({ programs }) => <ProgramList programs={programs} />,
    by: ({ programs }) => `${programs[0]?.step ?? ''} ${programs[0]?.exe ?? ''}`,
  },
]

function Place({
  group: { place, host, addresses, protocol, local, onlyAsked },
  isNew,
}: {
  group: Group
  isNew: boolean
}) {
  const shown = addresses.slice(0, 2).join(', ')
  const more = addresses.length > 2 ? ` +${addresses.length - 2}` : ''
  return (
    <>
      <Code value={place} limit={120} />
      {isNew && <span className="tag new">new</span>}
      {local && <span className="tag">this machine</span>}
      <div className="aside">
        {onlyAsked ? 'only looked up' : <Text value={protocol} limit={20} />}
        {host !== null && shown !== '' && (
          <>
            {' · '}
            <Text value={`${shown}${more}`} />
          </>
        )}
      </div>
    </>
  )
}
