import type { Report } from './report.ts'

/** How far what is told of a run or a job can be relied on: one word for it everywhere. (The report page loads this file alone.) */

/**
 * How far what the report says can be relied on. `sound`: it was armed from beginning to end, and nothing that is watched is known to
 * be lost (what was not watched, be it by the policy's own choice, is told beneath); `gaps`: the policy held, and
 * events are missing; `none`: it was not armed, or somebody laid hands on what arms it.
 */
export function reliance(told: Told): 'sound' | 'gaps' | 'none' {
  if (told.protection !== 'armed' || told.tampered) return 'none'
  const isLossy = Object.values(told.eventsLost).some((count) => count > 0)
  return isLossy || told.interrupted ? 'gaps' : 'sound'
}

/** What of a record says how far it can be relied on. */
export interface Told {
  protection: Report['protection']
  egress: Report['egress']
  /** It has the detection `agent-tampered`, of which a flood of others leaves at least the first. */
  tampered: boolean
  /** An agent before the last one was killed, or a part of it has ended. */
  interrupted: boolean
  eventsLost: Readonly<Record<string, number>>
}

/** Whether the run was protected, in a few words. */
export function protection(told: Told): string {
  if (told.protection === 'unprotected') return 'Not protected'
  if (told.protection === 'not-run') return 'Not run'
  const block = told.egress === 'block'
  const words = {
    none: 'Tampering seen',
    gaps: block ? 'Enforced with gaps in the record' : 'Observed with gaps',
    sound: block ? 'Protected' : 'Observed',
  }
  return words[reliance(told)]
}

/** What is known of a job, of one that goes on as of one that has ended; null: not heard yet. */
export interface JobTold extends Omit<Told, 'protection' | 'egress'> {
  state: 'running' | 'silent' | 'lost' | 'finished'
  /** As of the last heartbeat. */
  armed: boolean | null
  protection: Told['protection'] | null
  egress: Told['egress'] | null
}

/**
 * `bare`: it was not protected, or nobody can say that it was; `gaps`: the policy held, and something is missing; `unknown`: it was not
 * heard (yet) whether it is armed, or in which mode; else by its mode.
 */
export const reliances = ['bare', 'gaps', 'unknown', 'audit', 'block'] as const

/** How far what is told of a job can be relied on, and in a few words. Of one that has ended, as its summary and its terminal say it. */
export function jobReliance(job: JobTold): {
  state: (typeof reliances)[number]
  words: string
} {
  const { armed, egress, state } = job
  const wasArmed = armed !== false || state === 'running'
  const told = {
    ...job,
    egress: egress ?? 'audit',
    protection: job.protection ?? (wasArmed ? 'armed' : 'unprotected'),
  }
  const words = protection(told)
  if (told.protection !== 'armed') return { state: 'bare', words }
  if (!wasArmed) return { state: 'bare', words: 'Not protected' }
  // That its agent is gone is told as tampering, too, and says more.
  if (state === 'silent') return { state: 'bare', words: 'Not heard any more' }
  if (state === 'lost') return { state: 'bare', words: 'Ended without its agent' }
  const known = reliance(told)
  if (known === 'none') return { state: 'bare', words }
  if (!(armed ?? job.protection === 'armed')) return { state: 'unknown', words: 'Not armed yet' }
  if (known === 'gaps') return { state: 'gaps', words }
  return egress === null ? { state: 'unknown', words: 'Mode not known' } : { state: egress, words }
}
