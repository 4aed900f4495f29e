import { type EventOf, Health } from '@runwarden/events'
import { z } from 'zod'
import type { Database } from '../db/database.ts'
import type { SegmentStore } from '../ingest/segment-store.ts'
import { timelinePage } from './timeline.ts'

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

/** Of events about the agent's own health: agents tell few. */
const most = 500

/** @param report what the job's agent said at its end; null: it has not finished */
export async function healthOf(
  index: Database,
  store: SegmentStore,
  jobId: string,
  report: { health: Health } | null,
): Promise<JobHealth> {
  const { items } = await timelinePage(index, store, jobId, {
    after: { segment: 0, line: 0 },
    limit: most,
    kinds: ['agent.health'],
    from: 0,
  })
  const told = items as EventOf<'agent.health'>[]
  const armedAt = told.find(({ state }) => state === 'armed')?.time ?? null
  if (report !== null) {
    const { interrupted = false, ...health } = report.health
    return { ...health, from: 'report', armedAt, interrupted }
  }
  const last = told.at(-1)
  return {
    from: 'events',
    tier: last?.tier ?? 'none',
    armedMs: null,
    armedAt,
    hooks: last?.hooks ?? [],
    eventsLost: last?.eventsLost ?? {},
    gaps: told
      .filter(({ state }) => state === 'gap' || state === 'lost')
      .map(({ detail }) => detail),
    interrupted: false,
  }
}
