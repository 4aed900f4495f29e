import { z } from 'zod'

/**
 * `silent`: heartbeats are missed, and may come again. `lost`: it has ended without its agent's word, which was killed and did not come
 * back, or whose rest another agent has sent.
 */
export const JobState = z.enum(['running', 'silent', 'lost', 'finished'])
export type JobState = z.infer<typeof JobState>

export function stateOf({
  finishedAt,
  silentAt,
}: {
  finishedAt: number | null
  silentAt: number | null
}): JobState {
  if (finishedAt === null) return silentAt === null ? 'running' : 'silent'
  return silentAt === null ? 'finished' : 'lost'
}

/** In SQL, whether a job is in a state. */
export const stateIs: Readonly<Record<JobState, (job: string) => string>> = {
  running: (job) => `${job}.finished_at IS NULL AND ${job}.silent_at IS NULL`,
  silent: (job) => `${job}.finished_at IS NULL AND ${job}.silent_at IS NOT NULL`,
  lost: (job) => `${job}.finished_at IS NOT NULL AND ${job}.silent_at IS NOT NULL`,
  finished: (job) => `${job}.finished_at IS NOT NULL AND ${job}.silent_at IS NULL`,
}

/** In SQL, a job's state. */
export const stateIn = (job: string): string =>
  `CASE ${JobState.options.map((state) => `WHEN ${stateIs[state](job)} THEN '${state}'`).join(' ')} END`
