import { useCallback, useMemo } from 'react'
import { counted } from '@runwarden/report/view'
import { Choice } from '../../ui/Choice.tsx'
import { PagedTable, type Sections } from '../../ui/PagedTable.tsx'
import { useAddress, useAddressed } from '../address.ts'
import { useControlPlane, useKnown } from '../control-plane.ts'
import { Listed } from '../Listed.tsx'
import { Narrow } from '../Narrow.tsx'
import { useNarrowing } from '../narrowing.ts'
import { useActor } from '../actor.ts'
import { ActorChoices } from '../ActorChoices.tsx'
import { type Narrowing, useJob } from '../source.ts'
import type { Rows } from '../rows.ts'
import { useNarrowedRows } from '../whole.ts'
import { columnsOf } from './columns.tsx'
import { grouped, refusedNames, type Group } from './group.ts'
import {
  type Grouping,
  groupings,
  hasMore,
  mostProcesses,
  placed,
  type Placed,
  unplaced,
} from './sections.ts'
import { SectionHeading } from './SectionHeading.tsx'
import { Why } from './Why.tsx'

const onlyNew = ['new'] as const
/** What stands above the destinations of a step, program or process. */
const sectionsBy = (by: Grouping): Sections<Placed> => ({
  of: ({ section }) => section?.name ?? '',
  heading: ({ section }) =>
    section === null ? null : <SectionHeading section={section} by={by} />,
})
const sections = {
  step: sectionsBy('step'),
  program: sectionsBy('program'),
  process: sectionsBy('process'),
}
const isRefused = ({ verdict }: Rows['dns']): boolean => verdict !== 'allowed'

/** Where the job connected to, or tried to: each destination once, or below each step, program or process that did. */
export default function Network() {
  const { facts, every, kind } = useJob()
  const { narrowing, narrowed: isNarrowed } = useNarrowing()
  const { isActor, isChosen } = useActor()
  const [only, setOnly] = useAddressed('only', onlyNew)
  const [by, setBy] = useAddressed('by', groupings)
  const { get, set } = useAddress()
  const [open, under] = [get('destination'), get('under')]
  const fits = useFits(narrowing, isActor)
  const list = useNarrowedRows('destinations', narrowing, fits)
  const fresh = useKnown(['fresh'], (plane) => plane.fresh(), { every }).data
  const isNew = useCallback(
    ({ key }: Group) => fresh !== undefined && fresh.runs > 0 && fresh.destinations.has(key),
    [fresh],
  )
  const queries = useNarrowedRows('dns', narrowing, isRefused)
  // Both at once: lines do not jump when the other list comes.
  const waiting = list.waiting || queries.waiting
  const { lines, found } = useMemo(() => {
    const asked = refusedNames(queries.rows, list.all).filter(fits)
    const keep = (group: Group): boolean => only === null || isNew(group)
    const groups = grouped(list.rows, asked).filter(keep)
    return {
      found: groups.length,
      lines: by === null ? unplaced(groups) : placed(list.rows, asked, by, keep),
    }
  }, [list.rows, list.all, queries.rows, fits, only, isNew, by])
  const acted = useMemo(() => [...list.all, ...queries.rows], [list.all, queries.rows])
  const isOpen = useCallback(
    ({ group, section }: Placed) =>
      group.key === open && (section === null || (section.name ?? '') === (under ?? '')),
    [open, under],
  )
  const setOpen = useCallback(
    (line: Placed | null) =>
      set({ destination: line?.group.key ?? null, under: line?.section?.name ?? null }),
    [set],
  )
  const columns = useMemo(
    () => columnsOf({ startedAt: facts.startedAt, isNew, isOpen, setOpen }),
    [facts.startedAt, isNew, isOpen, setOpen],
  )
  const detail = useCallback(
    (line: Placed) => (isOpen(line) ? <Why group={line.group} isNew={isNew(line.group)} /> : null),
    [isOpen, isNew],
  )
  const narrowed = isNarrowed || isChosen || only !== null
  return (
    <>
      <p className="about">
        Where the job connected to, or tried to. <Baseline runs={fresh?.runs ?? null} />
      </p>
      <Narrow
        label="Search destinations"
        found={`${counted(found, 'destination')}${list.more === null ? '' : ' so far'}`}
        verdicts
      />
      <div className="tools picks">
        <Choice
          label="Group by"
          all="destination"
          options={groupings}
          value={by}
          onChoose={setBy}
        />
        <ActorChoices rows={acted} />
        {fresh !== undefined && fresh.runs > 0 && (
          <button
            type="button"
            aria-pressed={only === 'new'}
            onClick={() => setOnly(only === 'new' ? null : 'new')}
          >
            New for this job
          </button>
        )}
      </div>
      {by === 'process' && kind === 'server' && acted.some(hasMore) && (
        <p className="about">
          Of each destination the first {mostProcesses} processes are kept; others may have reached
          it, too.
        </p>
      )}
      <Listed
        list={{ ...list, rows: waiting ? [] : lines, waiting }}
        label="Destinations"
        none="No destination was reached or tried."
        narrowed={narrowed && list.all.length + queries.all.length > 0}
        hooks={/cgroup|connect|sendmsg|egress/}
      >
        <PagedTable
          caption="Destinations"
          columns={columns}
          rows={lines}
          rowKey={({ key }) => key}
          more={list.more}
          moreComes={list.moreComes}
          current={lines.find(isOpen)?.key ?? null}
          sections={by === null ? undefined : sections[by]}
          detail={detail}
        />
      </Listed>
    </>
  )
}

/** Whether a row is like what the address asks for. */
function useFits(
  { verdict = null, search = '' }: Narrowing,
  isActor: (row: Rows['destinations']) => boolean,
): (row: Rows['destinations']) => boolean {
  return useCallback(
    (row) => {
      const { host, addresses, port, reason, rule, programs } = row
      const word = search.toLowerCase()
      return (
        (verdict === null || row.verdict === verdict) &&
        isActor(row) &&
        (word === '' ||
          [
            host,
            ...addresses,
            `${host ?? ''}:${port}`,
            reason,
            rule,
            ...programs.map(({ exe }) => exe),
          ]
            .join('\n')
            .toLowerCase()
            .includes(word))
      )
    },
    [verdict, search, isActor],
  )
}

/** What "new" is held against. */
function Baseline({ runs }: { runs: number | null }) {
  const plane = useControlPlane()
  if (plane === null || runs === null) return null
  if (runs === 0) return 'The server knows no earlier run of this job: nothing can be called new.'
  return (
    <>
      New is what{' '}
      {runs === 1
        ? 'its one earlier run did not have'
        : `none of its last ${counted(runs, 'run')} had`}
      . <plane.Link to={plane.paths.compare('baseline')}>Compare with them</plane.Link> ·{' '}
      <plane.Link to={plane.paths.compare('previous')}>Compare with the previous run</plane.Link>
    </>
  )
}
