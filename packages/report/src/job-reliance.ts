import { protection, reliance, type Told } from './wording.ts'

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
