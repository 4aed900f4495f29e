import type { Owner } from '../../owner.ts'
import { paths, type Query } from '../../paths.ts'

/** Where an owner's policies stand. */
export const policiesAt = (owner: Owner): string =>
  owner === null ? paths.serverPolicies() : paths.policies(owner)

export const newPolicyAt = (owner: Owner): string =>
  owner === null ? paths.serverNewPolicy() : paths.newPolicy(owner)

export const policyAt = (owner: Owner, policy: string, query?: Query): string =>
  owner === null ? paths.serverPolicy(policy, query) : paths.policy(owner, policy, query)
