import { useDeferredValue, useMemo, useState } from 'react'
import { counted } from '@runwarden/report/view'
import { Listed } from '../Listed.tsx'
import { Nothing } from '../../ui/Section.tsx'
import { SearchBox } from '../../ui/SearchBox.tsx'
import { useAddressed } from '../address.ts'
import { useJob, useTree } from '../source.ts'
import { useBranches, useRoots } from './branches.ts'
import { type Branch, branchOf, linesOf } from './lines.ts'
import { openOf } from './opening.ts'
import { ProcessPanel } from './ProcessPanel.tsx'
import { ProcessGrid } from './ProcessGrid.tsx'

const none: ReadonlySet<string> = new Set()
const nothing = (): void => {}

/** Who ran what, as a tree; the address has the process that is looked at. */
export default function Processes() {
  const { facts } = useJob()
  const [search, setSearch] = useAddressed('search')
  const [selected, select] = useAddressed('process')
  const words = useDeferredValue(search ?? '')
  const roots = useRoots()
  return (
    <>
      <div className="tools">
        <SearchBox
          label="Search programs and arguments"
          value={search ?? ''}
          onChange={(value) => setSearch(value === '' ? null : value)}
          {...(words === ''
            ? { found: counted(facts.rows.processes ?? 0, 'process', 'processes') }
            : {})}
        />
      </div>
      <Listed list={roots} label="Processes" none="No process was seen.">
        <div className="beside">
          {words === '' ? (
            <Tree selected={selected} onSelect={select} />
          ) : (
            <Found words={words} selected={selected} onSelect={select} />
          )}
          {selected !== null && <ProcessPanel execId={selected} onClose={() => select(null)} />}
        </div>
      </Listed>
    </>
  )
}

interface Chosen {
  selected: string | null
  onSelect: (execId: string | null) => void
}

function Tree({ selected, onSelect }: Chosen) {
  const [opened, setOpened] = useState<ReadonlySet<string>>(none)
  const [closed, setClosed] = useState<ReadonlySet<string>>(none)
  const [unfolded, setUnfolded] = useState<ReadonlySet<string>>(none)
  // The way to the process that the address names is open, unless somebody closed it.
  const line = useTree({ line: selected ?? '' }, selected !== null)
  const way = line.rows.slice(0, -1).map(({ execId }) => execId)
  const [parents, setParents] = useState<readonly string[]>([''])
  const branches = useBranches(parents)
  const open = openOf(branches, { opened: new Set([...opened, ...way]), closed })
  // What is open is asked for; it opens further when it is there.
  const wanted = ['', ...open]
  if (wanted.length !== parents.length || wanted.some((one, index) => one !== parents[index]))
    setParents(wanted)
  const lines = linesOf(branches, open, unfolded)
  const toggle = (execId: string, toOpen: boolean): void => {
    setOpened(changed(opened, execId, toOpen))
    setClosed(changed(closed, execId, !toOpen))
  }
  return (
    <ProcessGrid
      lines={lines}
      selected={selected}
      onSelect={onSelect}
      onToggle={toggle}
      onUnfold={(execId) => setUnfolded(changed(unfolded, execId, true))}
    />
  )
}

/** What a search has found, without the tree around it. */
function Found({ words, selected, onSelect }: Chosen & { words: string }) {
  const found = useTree({ search: words })
  const lines = useMemo(() => {
    const flat: Branch = branchOf(found)
    const items = flat.items.map((process) => Object.assign({}, process, { children: 0 }))
    return linesOf(new Map([['', { ...flat, items }]]), none, none)
  }, [found])
  if (!found.waiting && !found.busy && found.rows.length === 0)
    return <Nothing>No process is like that.</Nothing>
  return (
    <div aria-busy={found.busy}>
      <ProcessGrid
        lines={lines}
        selected={selected}
        onSelect={onSelect}
        onToggle={nothing}
        onUnfold={nothing}
      />
    </div>
  )
}

function changed(set: ReadonlySet<string>, one: string, into: boolean): ReadonlySet<string> {
  const next = new Set(set)
  if (into) next.add(one)
  else next.delete(one)
  return next
}
