import {
  blockLabel,
  type CompiledPolicy,
  matchAddress,
  matchName,
  narrowedReason,
  ruleLabel,
} from '@runwarden/policy'
import type { NamePolicy } from './contract.ts'

/** A compiled policy as the DNS proxy asks it. */
export function namePolicy(compiled: CompiledPolicy): NamePolicy {
  return {
    egress: compiled.egress,
    blocked(name) {
      const { blocked } = matchName(compiled, name)
      if (blocked === undefined) return null
      return {
        reason: compiled.blockEntries[blocked]?.reason ?? '',
        rule: blockLabel(compiled, blocked),
      }
    },
    grants: (name) => matchName(compiled, name).grants,
    rule: (index) => ruleLabel(compiled, index),
    narrowed: (index) => narrowedReason(compiled, index),
    addressGrants: (address) => matchAddress(compiled, address),
  }
}
