import type { Run } from '@runwarden/api'
import { Sign } from './Sign.tsx'

type State = 'running' | 'silent' | 'lost' | 'finished'

const signs: Record<State, string> = {
  running: 'M6 2.5v3.5l2.3 1.4',
  silent: 'M3 3l6 6M6 1.5v2M6 8.5v2',
  lost: 'M3 9l6-6M3 3l6 6',
  finished: 'M2.5 6.5 5 9l4.5-5.5',
}

/** Whether something still goes on, by sign and word. */
export function StateWord({ state, failed = false }: { state: State; failed?: boolean }) {
  const word = state === 'finished' && failed ? 'failed' : state
  return (
    <span className={`word word-${word}`}>
      <Sign d={word === 'failed' ? 'm3 3 6 6M9 3 3 9' : signs[state]} strokeWidth={1.5}>
        {word === 'running' && <circle cx="6" cy="6" r="5" fill="none" stroke="currentColor" />}
      </Sign>
      {word}
    </span>
  )
}

/** What holds where the policy does not allow something. */
export function ModeWord({ egress }: { egress: 'audit' | 'block' }) {
  return <span className={`chip state-${egress}`}>{egress}</span>
}

type Reliance = Run['reliance'][number]

const relianceWords: Readonly<Record<Reliance, string>> = {
  bare: 'not protected',
  gaps: 'with gaps',
  unknown: 'not known',
  audit: 'audit',
  block: 'block',
}

/** Its mode where a job can be relied on, else how far. @param words say it of one job */
export function RelianceWord({ state, words }: { state: Reliance; words?: string }) {
  if (state === 'audit' || state === 'block') return <ModeWord egress={state} />
  return <span className={`chip state-${state}`}>{words ?? relianceWords[state]}</span>
}
