import { useMemo, useState } from 'react'
import { counted } from '@runwarden/report/view'
import { SearchBox } from '../../ui/SearchBox.tsx'
import { Section } from '../../ui/Section.tsx'
import { usePage } from '../context.ts'
import { Empty } from '../sections/Empty.tsx'
import { ProcessDetail } from './ProcessDetail.tsx'
import { ProcessTree } from './ProcessTree.tsx'

/** A process that another part of the page points at; a new object each time it does. */
export interface Shown {
  execId: string
}

export function Processes({ shown }: { shown: Shown | null }) {
  const { report, tree } = usePage()
  const [search, setSearch] = useState('')
  const [open, setOpen] = useState(() => tree.openAtFirst())
  const [selected, setSelected] = useState<string | null>(null)
  const [before, setBefore] = useState<Shown | null>(null)
  if (shown !== before) {
    setBefore(shown)
    if (shown !== null) {
      setSearch('')
      setSelected(shown.execId)
      setOpen(new Set([...open, ...tree.ancestors(shown.execId)]))
    }
  }
  const found = useMemo(() => tree.search(search), [tree, search])
  const rows = useMemo(() => tree.rows(open, found?.among ?? null), [tree, open, found])
  const toggle = (execId: string, toOpen: boolean): void => {
    const next = new Set(open)
    if (toOpen) next.add(execId)
    else next.delete(execId)
    setOpen(next)
  }
  const left = report.truncated['processes'] ?? 0
  return (
    <Section id="processes" title="Processes" count={report.counts.processes}>
      {tree.size === 0 && <Empty>No process was seen.</Empty>}
      {tree.size > 0 && (
        <>
          <div className="tools">
            <SearchBox
              label="Search programs, arguments, pids"
              value={search}
              onChange={setSearch}
              found={counted(found?.found ?? tree.size, 'process', 'processes')}
            />
            <div className="filter">
              <button type="button" onClick={() => setOpen(new Set(tree.parents()))}>
                Expand all
              </button>
              <button type="button" onClick={() => setOpen(new Set())}>
                Collapse all
              </button>
            </div>
          </div>
          <ProcessTree
            rows={rows}
            selected={selected}
            onSelect={setSelected}
            onToggle={toggle}
            searching={found !== null}
          />
          {left > 0 && (
            <p className="about">
              Not in the tree: {counted(left, 'finished process', 'finished processes')} that did
              nothing of note.
            </p>
          )}
          {selected !== null && <ProcessDetail execId={selected} />}
        </>
      )}
    </Section>
  )
}
