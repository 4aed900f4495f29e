import { blockLabel, type CompiledPolicy, matchName, ruleLabel } from '@runwarden/policy'
import { type Address, samePrefix } from './address.ts'
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
    address(address: Address, port?: number) {
      for (const grant of compiled.addresses) {
        const within = port === undefined || (port >= grant.portFrom && port <= grant.portTo)
        if (within && samePrefix(address, grant.address, grant.prefix))
          return ruleLabel(compiled, grant.rule)
      }
      return null
    },
  }
}
