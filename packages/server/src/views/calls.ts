import type { Verdict } from '@runwarden/events'
import { z } from 'zod'
import { sum } from '../ingest/totals.ts'

/** How many acts (attempts, queries, requests) had each verdict. */
export const Calls = z.object({
  allowed: z.int(),
  'would-block': z.int(),
  blocked: z.int(),
  'attack-blocked': z.int(),
} satisfies Record<Verdict, z.ZodInt>)
export type Calls = z.infer<typeof Calls>
z.globalRegistry.add(Calls, { id: 'CallCounts' })

/** In SQL: a job's acts of a verdict, as the index has them (t). */
export const callsIn = (verdict: Verdict): string => `ifnull(t.${columns[verdict]}, 0)`

const columns: Readonly<Record<Verdict, string>> = {
  allowed: 'allowed',
  'would-block': 'would_block',
  blocked: 'blocked',
  'attack-blocked': 'attack_blocked',
}

export const noCalls = (): Calls => ({
  allowed: 0,
  'would-block': 0,
  blocked: 0,
  'attack-blocked': 0,
})

export function addCalls(to: Calls, calls: Calls): void {
  for (const verdict of Object.keys(to) as Verdict[]) to[verdict] = sum(to[verdict], calls[verdict])
}
