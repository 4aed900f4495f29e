/** Where a policy of the store holds. Of several that a job gets, the first level of this order wins. */
export const policyLevels = ['job', 'workflow', 'repository', 'organisation', 'cluster'] as const
