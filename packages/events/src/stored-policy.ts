import type { StoredPolicy } from './control-plane.ts'

/** Where a policy of the store holds. Of several that a job gets, the first level of this order wins. */
export const policyLevels = ['job', 'workflow', 'repository', 'organisation', 'cluster'] as const

/** The strongest level first. */
export function byLevel(policies: readonly StoredPolicy[]): StoredPolicy[] {
  return policies.toSorted((a, b) => policyLevels.indexOf(a.level) - policyLevels.indexOf(b.level))
}

/** A stored policy's name in messages, reasons and comments of documents: `base v3 (organisation)`. */
export const storedName = ({ name, version, level }: Omit<StoredPolicy, 'text'>): string =>
  `${name} v${version} (${level})`
