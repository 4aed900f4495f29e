import { useEffect, useId, useRef, useState, type KeyboardEvent } from 'react'
import { useNavigate, useParams } from 'react-router'
import { counted } from '@runwarden/report/view'
import { Dialog } from '../../ui/Dialog.tsx'
import { Text } from '../../ui/Text.tsx'
import { useMe } from '../session/session.ts'
import { type Entry, knownPlaces, matching, readings } from './entries.ts'
import { useFound } from './found.ts'

/** Goes to a page, a repository, a run or a job by its name: a combobox after the ARIA Authoring Practices, with a list below it. */
export default function Palette({ onClose }: { onClose: () => void }) {
  const me = useMe()
  const { org = me.organisations[0]?.name } = useParams()
  const navigate = useNavigate()
  const id = useId()
  const [written, setWritten] = useState('')
  const [chosen, setChosen] = useState(0)
  const field = useRef<HTMLInputElement>(null)
  const list = useRef<HTMLDivElement>(null)
  // After the dialog is there, which begins at its first button.
  useEffect(() => field.current?.focus(), [])
  const text = written.trim()
  const found = useFound(org, text)
  const entries = [
    ...matching(knownPlaces(org, me), text),
    ...found,
    ...(org === undefined ? [] : readings(org, text)),
  ]
  const at = Math.min(chosen, entries.length - 1)
  const go = (entry: Entry | undefined): void => {
    if (entry === undefined) return
    list.current?.closest('dialog')?.close()
    void navigate(entry.to)
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (by !== undefined) {
      event.preventDefault()
      setChosen((at + by + entries.length) % Math.max(1, entries.length))
    } else if (event.key === 'Enter') {
      event.preventDefault()
      go(entries[at])
    }
  }
  return (
    <Dialog title="Go to" onClose={onClose}>
      <div className="palette">
        <input
          type="text"
          role="combobox"
          aria-label="A page, repository, run number or job"
          placeholder="A page, repository, run number, job; or what to search for"
          aria-expanded={entries.length > 0}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={entries.length === 0 ? undefined : `${id}-${at}`}
          ref={field}
          autoComplete="off"
          spellCheck={false}
          maxLength={1000}
          value={written}
          onChange={({ target }) => {
            setWritten(target.value)
            setChosen(0)
          }}
          onKeyDown={onKeyDown}
        />
        {entries.length > 0 ? (
          // A list of one's own: the browser's are not told which entry the keys are at.
          // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role
          <div role="listbox" id={`${id}-list`} aria-label="Places" ref={list} tabIndex={-1}>
            {entries.map((entry, index) => (
              // The keyboard is the field's.
              // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
              <div
                key={`${entry.kind} ${entry.to}`}
                id={`${id}-${index}`}
                // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role
                role="option"
                tabIndex={-1}
                aria-selected={index === at}
                ref={index === at ? reveal : undefined}
                onClick={() => go(entry)}
              >
                <Text value={entry.label} limit={160} />
                <span className="aside">{entry.kind}</span>
              </div>
            ))}
          </div>
        ) : (
          <p className="nothing">Nothing is called so.</p>
        )}
        <output className="unseen">{counted(entries.length, 'place')}</output>
      </div>
    </Dialog>
  )
}

const reveal = (option: HTMLElement | null): void => option?.scrollIntoView({ block: 'nearest' })
