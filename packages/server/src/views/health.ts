import { Health } from '@runwarden/events'
import { z } from 'zod'
import type { Database } from '../db/database.ts'
import { type HealthSoFar, noHealth } from '../ingest/fold/health.ts'

/** How far a job's record can be trusted to be all of it. */
export const JobHealth = Health.omit({ interrupted: true }).extend({
  /** `report`: as its agent said at the end; `events`: as far as it has said until now. */
  from: z.enum(['report', 'events']),
  /** When it was armed, milliseconds since 1970; null: not, or it was not told. */
  armedAt: z.number().nullable(),
  /** An agent before that of the report was killed: what is missing is among the gaps. */
  interrupted: z.boolean(),
})
export type JobHealth = z.infer<typeof JobHealth>
z.globalRegistry.add(JobHealth, { id: 'JobHealth' })

/** @param report what the job's agent said at its end; null: it has not finished */
export function healthOf(
  index: Database,
  jobId: string,
  report: { health: Health } | null,
): JobHealth {
  const row = index.get<{ health: string }>('SELECT health FROM jobs WHERE id = ?', jobId)
  const { armedAt, more, gaps, ...soFar } =
    row === undefined ? noHealth() : (JSON.parse(row.health) as HealthSoFar)
  if (report !== null) {
    const { interrupted = false, ...health } = report.health
    return { ...health, from: 'report', armedAt, interrupted }
  }
  return {
    ...soFar,
    from: 'events',
    armedMs: null,
    armedAt,
    gaps: more === 0 ? gaps : [...gaps, `${more} more are among the job's events alone`],
    interrupted: false,
  }
}
