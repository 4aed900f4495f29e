import { type JobTold, jobReliance, reliances } from '@runwarden/events/reliance'
import { z } from 'zod'
import type { Database } from '../db/database.ts'

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

/** In SQL, whether a job has the detection `agent-tampered`, of more than severity info: isTampering of @runwarden/events. */
export const isTampered = (job: string, database = ''): string =>
  `EXISTS (SELECT 1 FROM ${database}detections x WHERE x.job_id = ${job}.id AND x.rule = 'agent-tampered' AND x.severity <> 'info')`

/**
 * How far what is told of a job can be relied on: `bare`: it was not protected, or nobody can say that it was; `gaps`: the policy held,
 * and something is missing; `unknown`: it was not heard (yet) whether it is armed, or in which mode; else sound, by its mode.
 */
export const Reliance = z.enum(reliances)
export type Reliance = z.infer<typeof Reliance>

/** In SQL, of a job (j) and its mode (m), where `addReliance` has added it: as its own page says it. */
export const reliance = `reliance(${stateIn('j')}, j.armed, m.protection, m.egress, ${isTampered('j', 'server.')}, j.interrupted, j.events_lost)`

export function addReliance(db: Database): void {
  db.raw.function(
    'reliance',
    (state, armed, protection, egress, tampered, interrupted, lost) =>
      jobReliance({
        state: state as JobState,
        armed: armed === null ? null : armed === 1,
        protection: protection as JobTold['protection'],
        egress: egress as JobTold['egress'],
        tampered: tampered === 1,
        interrupted: interrupted === 1,
        eventsLost: JSON.parse(lost as string) as Record<string, number>,
      }).state,
  )
}
