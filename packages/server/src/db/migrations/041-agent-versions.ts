import type { Migration } from './index.ts'

/** Which version of the agent watched a job, as its report says. */
export const agentVersions: Migration = {
  number: 41,
  name: 'agent-versions',
  sql: 'ALTER TABLE job_modes ADD COLUMN version TEXT',
}
