import { identities } from './001-identities.ts'
import { invitations } from './002-invitations.ts'
import { owners } from './003-owners.ts'
import { jobs } from './010-jobs.ts'
import { jobStarts } from './011-job-starts.ts'
import { policies } from './030-policies.ts'
import { blockList } from './031-block-list.ts'
import { inbox } from './032-inbox.ts'
import { baselines } from './033-baselines.ts'
import { overviews } from './040-overviews.ts'
import { agentVersions } from './041-agent-versions.ts'
import { policiesInForce } from './042-policies-in-force.ts'
import { workflowPolicies } from './043-workflow-policies.ts'
import { interrupted } from './044-interrupted.ts'
import { policiesOfOwners } from './045-policies-of-owners.ts'
import { actors } from './046-actors.ts'
import { keysOfTokens } from './047-keys-of-tokens.ts'
import { repositoryNames } from './050-repository-names.ts'

export interface Migration {
  /** 001–009 identities and the server itself, 010–029 jobs and events, 030–039 policies, block list, baselines, detections, 040–059 lists and overviews. */
  number: number
  name: string
  sql: string
}

/** In the order of their numbers. One that a release had is never changed; it is followed by another. */
export const migrations: readonly Migration[] = [
  identities,
  invitations,
  owners,
  jobs,
  jobStarts,
  policies,
  blockList,
  inbox,
  baselines,
  overviews,
  agentVersions,
  policiesInForce,
  workflowPolicies,
  interrupted,
  policiesOfOwners,
  actors,
  keysOfTokens,
  repositoryNames,
]
