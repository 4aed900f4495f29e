import { plain } from '@runwarden/events/plain'
import { bytes, grouped as digits } from '@runwarden/report/view'
import { alarmOf } from '../../ui/alarm.ts'
import { VerdictChip } from '../../ui/Chip.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { Code, Text } from '../../ui/Text.tsx'
import { ProgramList } from '../ProgramList.tsx'
import { Since } from '../Since.tsx'
import type { Group } from './group.ts'
import type { Placed } from './sections.ts'

interface Given {
  startedAt: number
  isNew: (group: Group) => boolean
  /** The line that the page tells more of. */
  isOpen: (placed: Placed) => boolean
  setOpen: (placed: Placed | null) => void
}

export const columnsOf = (given: Given): readonly Column<Placed>[] => {
  const { startedAt, isNew, isOpen, setOpen } = given
  return [
    {
      title: 'Verdict',
      cell: ({ group }) => (
        <>
          {group.verdicts.map((verdict) => (
            <div key={verdict}>
              <VerdictChip verdict={verdict} />
            </div>
          ))}
        </>
      ),
      by: ({
        group: {
          verdicts: [worst],
        },
      }) => (worst === undefined ? 9 : alarmOf(worst)),
      tight: true,
    },
    {
      title: 'Destination',
      cell: ({ group }) => <Place group={group} isNew={isNew(group)} />,
      by: ({ group }) => group.place,
      wide: true,
    },
    {
      title: 'First seen',
      cell: ({ group }) => <Since at={group.firstTime} start={startedAt} />,
      by: ({ group }) => group.firstTime ?? group.firstSeq,
      tight: true,
    },
    {
      title: 'Attempts',
      cell: ({ group, shared }) => (
        <>
          {digits(group.count)}
          {shared && <div className="aside">of all</div>}
        </>
      ),
      by: ({ group }) => group.count,
      number: true,
    },
    {
      title: 'Sent',
      cell: ({ group: { bytesOut } }) => (bytesOut > 0 ? bytes(bytesOut) : ''),
      by: ({ group }) => group.bytesOut,
      number: true,
    },
    {
      title: 'Why',
      cell: (line) => (
        <button
          type="button"
          className="why-button"
          aria-expanded={isOpen(line)}
          onClick={() => setOpen(isOpen(line) ? null : line)}
        >
          why?<span className="unseen"> {plain(line.group.place, 80)}</span>
        </button>
      ),
      tight: true,
    },
    {
      title: 'Program and step',
      cell: ({ group }) => <ProgramList programs={group.programs} />,
      by: ({ group: { programs } }) => `${programs[0]?.step ?? ''} ${programs[0]?.exe ?? ''}`,
    },
  ]
}

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
