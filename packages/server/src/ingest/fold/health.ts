import type { EventOf, Health } from '@runwarden/events'
import { cut } from '../cut.ts'
import type { JobIndex } from './job-index.ts'

/** What a job's agent has said of its own health so far, as the index keeps it (JSON). */
export interface HealthSoFar extends Pick<Health, 'tier' | 'hooks' | 'eventsLost' | 'gaps'> {
  /** Milliseconds since 1970; null: not yet. */
  armedAt: number | null
  /** Gaps beyond those. */
  more: number
}

export const noHealth = (): HealthSoFar => ({
  tier: 'none',
  hooks: [],
  eventsLost: {},
  gaps: [],
  armedAt: null,
  more: 0,
})

/** Agents tell fewer of each. */
const mostGaps = 500
const mostHooks = 500
const mostKinds = 100
const longest = 500

export function foldHealth({ health }: JobIndex, event: EventOf<'agent.health'>): void {
  const { state, time, tier, hooks, eventsLost, detail } = event
  health.tier = tier
  health.eventsLost = Object.fromEntries(
    Object.entries(eventsLost)
      .slice(0, mostKinds)
      .map(([kind, count]) => [cut(kind, longest), count]),
  )
  if (state === 'armed') {
    health.armedAt ??= time
    // Later ones do not say them again.
    health.hooks = hooks.slice(0, mostHooks).map(({ name, reason, ...hook }) => ({
      name: cut(name, longest),
      tier: hook.tier,
      state: hook.state,
      reason: cut(reason, longest),
    }))
  }
  if (state !== 'gap' && state !== 'lost') return
  if (health.gaps.length < mostGaps) health.gaps.push(cut(detail, longest))
  else health.more++
}
