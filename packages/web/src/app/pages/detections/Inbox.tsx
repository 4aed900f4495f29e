import { useEffect, useState } from 'react'
import { useNavigate } from 'react-router'
import type { InboxDetection } from '@runwarden/api'
import type { Severity } from '@runwarden/events'
import { counted } from '@runwarden/report/view'
import { severities } from '../../../ui/alarm.ts'
import { PagedTable } from '../../../ui/PagedTable.tsx'
import { Nothing } from '../../../ui/Section.tsx'
import { oneOf, useFilters } from '../../filters.ts'
import { Link } from '../../Link.tsx'
import { useLiveQueries } from '../../live-queries.ts'
import { paths } from '../../paths.ts'
import { periods } from '../../period.ts'
import { useMay } from '../../session/session.ts'
import { useBreadcrumb } from '../../shell/breadcrumb.ts'
import { useOrganisation } from '../../shell/organisation.ts'
import { useTitle } from '../../shell/title.ts'
import { Paged } from '../../states/Paged.tsx'
import { deeds, type NewState, type Seen } from './change.ts'
import { ChangeDialog } from './ChangeDialog.tsx'
import { columnsFor } from './columns.tsx'
import { useKeys } from './keys.ts'
import { states, useDetections } from './list.ts'
import { Narrowing, names, shownState } from './Narrowing.tsx'
import { SuppressDialog } from './SuppressDialog.tsx'

type Asking =
  | { what: NewState; items: readonly Seen[] }
  | { what: 'suppress'; item: InboxDetection }
  | null

/** Detections as people work them off. */
export default function Inbox() {
  const org = useOrganisation()
  useTitle('Detections')
  useBreadcrumb([{ label: 'Detections' }])
  useLiveQueries(org, ['detections'], ['detection'])
  const mayChange = useMay(org, 'editor')
  const filters = useFilters(names)
  const { values } = filters
  const pages = useDetections(
    org,
    {
      state: oneOf(states, shownState(values.state)),
      severity: oneOf<Severity>(severities, values.severity),
      detection: values.detection,
      repository: values.repository,
      suppression: values.suppression,
    },
    oneOf(periods, values.period),
  )
  const { rows } = pages
  const [at, setAt] = useState<string | null>(null)
  const [marked, setMarked] = useState<ReadonlySet<string>>(new Set())
  const [asking, setAsking] = useState<Asking>(null)
  const navigate = useNavigate()

  // What is not in the list any more is not meant any more.
  const chosen = rows.filter(({ id }) => marked.has(id))
  const current = rows.find(({ id }) => id === at)
  const meant = chosen.length > 0 ? chosen : current === undefined ? [] : [current]

  const toggle = (id: string): void =>
    setMarked((before) => {
      const next = new Set(before)
      if (!next.delete(id)) next.add(id)
      return next
    })
  const move = (by: number): void => {
    const index = rows.findIndex(({ id }) => id === at)
    const next = rows[Math.max(0, Math.min(rows.length - 1, index < 0 ? 0 : index + by))]
    if (next !== undefined) setAt(next.id)
  }
  const ask = (what: NewState): void => {
    if (mayChange && meant.length > 0) setAsking({ what, items: meant })
  }
  const suppress = (): void => {
    const [item, ...others] = meant
    if (mayChange && item !== undefined && others.length === 0)
      setAsking({ what: 'suppress', item })
  }
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    x: () => {
      if (current !== undefined) toggle(current.id)
    },
    Enter: () => {
      if (current !== undefined) void navigate(paths.detection(org, current.id))
    },
    Escape: () => setMarked(new Set()),
    e: () => ask('acknowledged'),
    r: () => ask('resolved'),
    u: () => ask('open'),
    s: suppress,
  })
  useEffect(() => {
    if (at !== null)
      document.querySelector('main tr[aria-current]')?.scrollIntoView({ block: 'nearest' })
  }, [at])
  const done = (): void => {
    setAsking(null)
    setMarked(new Set())
  }
  return (
    <>
      <div className="top">
        <h1>Detections</h1>
        <Link to={paths.suppressions(org)}>Suppressions</Link>
      </div>
      <Narrowing filters={filters} />
      <div className="listed">
        <Paged pages={pages} label="Detections are loading">
          {rows.length === 0 ? (
            <None state={shownState(values.state)} narrowed={filters.any} />
          ) : (
            <>
              {mayChange && (
                <Deeds
                  marked={chosen.length}
                  meant={meant.length}
                  onAsk={ask}
                  onSuppress={suppress}
                  onUnmark={() => setMarked(new Set())}
                />
              )}
              <PagedTable
                caption="Detections"
                columns={columnsFor({ org, marked, toggle, mayChange })}
                rows={rows}
                rowKey={({ id }) => id}
                current={at}
                more={pages.more}
                moreComes={pages.moreComes}
              />
            </>
          )}
        </Paged>
      </div>
      {asking?.what === 'suppress' ? (
        <SuppressDialog
          org={org}
          item={asking.item}
          onDone={done}
          onClose={() => setAsking(null)}
        />
      ) : (
        asking !== null && (
          <ChangeDialog
            org={org}
            items={asking.items}
            state={asking.what}
            onDone={done}
            onClose={() => setAsking(null)}
          />
        )
      )}
    </>
  )
}

function None({ state, narrowed }: { state: string | null; narrowed: boolean }) {
  if (narrowed) return <Nothing>No detection is like that.</Nothing>
  return (
    <Nothing>
      {state === 'open'
        ? 'No detection is open: nothing was found, or all that was is worked off.'
        : 'Nothing was found yet.'}
    </Nothing>
  )
}

interface DeedsProps {
  marked: number
  meant: number
  onAsk: (state: NewState) => void
  onSuppress: () => void
  onUnmark: () => void
}

function Deeds({ marked, meant, onAsk, onSuppress, onUnmark }: DeedsProps) {
  return (
    <div className="deeds" role="toolbar" aria-label="With the marked detections">
      <span className="about" aria-live="polite">
        {marked === 0 ? 'None marked' : `${counted(marked, 'detection')} marked`}
      </span>
      {(Object.keys(deeds) as NewState[]).map((state) => (
        <button key={state} type="button" disabled={meant === 0} onClick={() => onAsk(state)}>
          {deeds[state].label} <kbd aria-hidden="true">{deeds[state].key}</kbd>
        </button>
      ))}
      <button type="button" disabled={meant !== 1} onClick={onSuppress}>
        Suppress… <kbd aria-hidden="true">s</kbd>
      </button>
      {marked > 0 && (
        <button type="button" onClick={onUnmark}>
          Unmark all
        </button>
      )}
      <span className="about hints">
        <kbd>j</kbd> <kbd>k</kbd> move, <kbd>x</kbd> marks, <kbd>Enter</kbd> opens
      </span>
    </div>
  )
}
