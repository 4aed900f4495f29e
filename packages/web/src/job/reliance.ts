import { protection, reliance as relianceOf } from '@runwarden/report/view'
import type { JobFacts } from './source.ts'

/**
 * How far what is told of a job can be relied on, in a few words, and as what they are shown: `bare` it was not protected, `gaps`
 * something is missing, else by its mode. Of a job that has ended, as its summary and its terminal say it.
 */
export function reliance(facts: JobFacts): {
  state: 'bare' | 'gaps' | 'audit' | 'block'
  words: string
} {
  const { armed, egress, state } = facts
  const wasArmed = armed !== false || state === 'running'
  const told = {
    ...facts,
    egress: egress ?? 'audit',
    protection: facts.protection ?? (wasArmed ? 'armed' : 'unprotected'),
  }
  const known = { none: 'bare', gaps: 'gaps', sound: told.egress } as const
  const words = { state: known[relianceOf(told)], words: protection(told) }
  if (told.protection !== 'armed') return words
  if (!wasArmed) return { state: 'bare', words: 'Not protected' }
  // That its agent is gone is told as tampering, too, and says more.
  if (state === 'silent') return { state: 'bare', words: 'Not heard any more' }
  if (state === 'lost') return { state: 'bare', words: 'Ended without its agent' }
  if (armed !== true && !facts.tampered) return { state: 'gaps', words: 'Not armed yet' }
  return words
}
