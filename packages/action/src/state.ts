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

export interface State {
  watching: Watching
  failMode: FailMode
  failOn: Inputs['failOn']
  report: Inputs['report']
  insightsUrl: string | null
}

const key = 'runwarden'

/** @throws OutputError */
export function keep(state: State): void {
  saveState(key, JSON.stringify(state))
}

/** null: pre did not come to its end. */
export function kept(): State | null {
  const text = readState(key)
  return text === '' ? null : (JSON.parse(text) as State)
}
