import type { FailMode } from '@runwarden/policy'
import type { Inputs } from './inputs.ts'
import type { Observer } from './observe/observer.ts'
import { readState, saveState } from './outputs.ts'

/** How the job is watched, from pre for main and post. */
export type Watching =
  /** By the agent at a socket. `own`: the folder of the agent that pre has started; null: it is the machine's. */
  | { by: 'agent'; socket: string; nonce: string; own: string | null }
  /** Seen as far as the system shows, and not protected. */
  | { by: 'observer'; observer: Observer; reason: string }
  /** Not at all. `fails`: the job does for it, unless the workflow lets the action's step fail. */
  | { by: 'nobody'; reason: string; fails: boolean }
  /** By what the action's first use in the job has begun: this one does nothing. */
  | { by: 'another'; reason: string; fails: boolean }

export interface State {
  watching: Watching
  failMode: FailMode
  failOn: Inputs['failOn']
  report: Inputs['report']
  insightsUrl: string | null
}

const key = 'runwarden'

/** Of a reason: the state is a variable of later stages, of which the kernel takes no more than 128 KiB. */
const longest = 4000

/** @throws OutputError */
export function keep(state: State): void {
  const { watching } = state
  const kept = 'reason' in watching ? { ...watching, reason: inShort(watching.reason) } : watching
  saveState(key, JSON.stringify({ ...state, watching: kept }))
}

/** Whole lines, as far as they go. */
function inShort(reason: string): string {
  if (reason.length <= longest) return reason
  const lines = reason.split('\n')
  let length = 0
  const shown = lines.findIndex((line) => (length += line.length + 1) > longest)
  if (shown < 1) return `${reason.slice(0, longest)}…`
  return `${lines.slice(0, shown).join('\n')}\n… and ${lines.length - shown} more lines.`
}

/** null: pre did not come to its end. */
export function kept(): State | null {
  const text = readState(key)
  return text === '' ? null : (JSON.parse(text) as State)
}
