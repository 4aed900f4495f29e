import type { RunFacts } from '@runwarden/events'
import { type CompiledPolicy, fullLines } from '@runwarden/policy'

/** What a report says of the lines of its policy that say more than an endpoint. */
export function policyLines(compiled: CompiledPolicy): Pick<RunFacts, 'policyLines'> {
  const lines = fullLines(compiled)
  return lines.length === 0 ? {} : { policyLines: lines }
}
