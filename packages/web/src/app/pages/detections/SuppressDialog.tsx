import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useDeferredValue, useState } from 'react'
import type { InboxDetection } from '@runwarden/api'
import { counted } from '@runwarden/report/view'
import { Choice } from '../../../ui/Choice.tsx'
import { Dialog } from '../../../ui/Dialog.tsx'
import { Form } from '../../../ui/Form.tsx'
import { Refused } from '../../../ui/Refused.tsx'
import { api, ask } from '../../api.ts'
import { inDays } from '../../period.ts'
import { chosenAtFirst, keyWords, type Match, type MatchKey, patternsOf } from './match.ts'

interface Props {
  org: string
  item: InboxDetection
  onDone: () => void
  onClose: () => void
}

const ends = { '7 days': 7, '30 days': 30, '90 days': 90 } as const

/** Says that detections like this one are expected: which, why, and for how long. */
export function SuppressDialog({ org, item, onDone, onClose }: Props) {
  const [offered] = useState(() => patternsOf(item))
  const [patterns, setPatterns] = useState<Match>({ ...offered.exact, ...offered.wider })
  const [chosen, setChosen] = useState(() => new Set(chosenAtFirst(offered)))
  const [reason, setReason] = useState('')
  const [end, setEnd] = useState<keyof typeof ends | null>(null)
  const queries = useQueryClient()
  const match = Object.fromEntries(
    [...chosen].flatMap((key) => {
      const pattern = patterns[key] ?? ''
      return pattern.trim() === '' ? [] : [[key, pattern]]
    }),
  ) as Match
  const make = useMutation({
    mutationFn: () =>
      ask(
        api.POST('/v1/orgs/{org}/suppressions', {
          params: { path: { org } },
          body: {
            match,
            reason: reason.trim(),
            expiresAt: end === null ? null : inDays(ends[end]),
          },
        }),
      ),
    async onSuccess() {
      await Promise.all(
        ['detections', 'suppressions'].map((key) =>
          queries.invalidateQueries({ queryKey: [key, org] }),
        ),
      )
      onDone()
    },
  })
  const toggle = (key: MatchKey): void => {
    const next = new Set(chosen)
    if (!next.delete(key)) next.add(key)
    setChosen(next)
  }
  return (
    <Dialog title="Suppress detections like this one" onClose={onClose}>
      <Form className="stack" onSubmit={make.mutate}>
        <Wider keys={Object.keys(offered.wider) as MatchKey[]} />
        <fieldset className="patterns">
          <legend>
            Detections of which all of this holds; * stands for anything but /, ** for anything, \*
            for a star
          </legend>
          {(Object.keys(keyWords) as MatchKey[])
            .filter((key) => patterns[key] !== undefined)
            .map((key) => (
              <Pattern
                key={key}
                label={keyWords[key]}
                pattern={patterns[key] ?? ''}
                chosen={chosen.has(key)}
                onToggle={() => toggle(key)}
                onWrite={(pattern) => setPatterns({ ...patterns, [key]: pattern })}
              />
            ))}
        </fieldset>
        <Preview org={org} match={match} />
        <label className="choice">
          <span>Why it is expected</span>
          <textarea
            rows={2}
            required
            maxLength={1000}
            value={reason}
            onChange={({ target }) => setReason(target.value)}
          />
        </label>
        <div className="filters">
          <Choice
            label="Until"
            all="It is deleted"
            options={Object.keys(ends) as (keyof typeof ends)[]}
            value={end}
            onChoose={setEnd}
          />
        </div>
        <Refused error={make.error} />
        <div className="buttons">
          <button
            className="primary"
            disabled={make.isPending || Object.keys(match).length === 0 || reason.trim() === ''}
          >
            Suppress
          </button>
        </div>
      </Form>
    </Dialog>
  )
}

/** Warns of patterns that are for more than this detection. */
function Wider({ keys }: { keys: readonly MatchKey[] }) {
  if (keys.length === 0) return null
  return (
    <p className="banner" role="note">
      {keys.map((key) => keyWords[key]).join(', ')}: no pattern is for this name alone, as it is too
      long or has characters that a pattern can’t hold. What stands there with stars is for others,
      too, and a job can choose a name so that it is.
    </p>
  )
}

interface PatternProps {
  label: string
  pattern: string
  chosen: boolean
  onToggle: () => void
  onWrite: (pattern: string) => void
}

function Pattern({ label, pattern, chosen, onToggle, onWrite }: PatternProps) {
  return (
    <div>
      <label>
        <input type="checkbox" checked={chosen} onChange={onToggle} /> {label}
      </label>
      <input
        type="text"
        aria-label={`${label}, pattern`}
        value={pattern}
        disabled={!chosen}
        spellCheck={false}
        maxLength={200}
        onChange={({ target }) => onWrite(target.value)}
      />
    </div>
  )
}

/** How many it is for: now, and as far as the past tells, later. */
function Preview({ org, match }: { org: string; match: Match }) {
  const asked = useDeferredValue(JSON.stringify(match))
  const query = useQuery({
    queryKey: ['suppressions', org, 'preview', asked],
    queryFn: () =>
      ask(
        api.POST('/v1/orgs/{org}/suppression-previews', {
          params: { path: { org } },
          body: { match: JSON.parse(asked) as Match },
        }),
      ),
    enabled: asked !== '{}',
    placeholderData: (before) => before,
  })
  if (asked === '{}') return <output className="preview">It would be for nothing.</output>
  if (query.error !== null) return <Refused error={query.error} />
  if (query.data === undefined) return <output className="preview">Counting…</output>
  const { now, past, jobs } = query.data
  return (
    <output className="preview">
      <strong>Now: {counted(now, 'detection')}</strong> that {now === 1 ? 'is' : 'are'} open or
      acknowledged. <strong>Later:</strong> what comes and is like that; in the last 30 days that
      was {counted(past, 'detection')} of {counted(jobs, 'job')}.
    </output>
  )
}
