import type { HeartbeatAnswer, JobStart } from '@runwarden/events/control-plane'
import type { BlockLists } from '../blocklist/block-lists.ts'
import type { Database } from '../db/database.ts'
import { HttpError } from '../error.ts'
import { policiesFor, policiesVersion, type PolicyJob } from '../policies/effective.ts'

interface Asked {
  organisation_id: string
  repository: string | null
  workflow: string | null
  workflowRef: string | null
  job: string | null
  policy_from: JobStart['policy']['from']
  policy_name: string | null
}

/** Versions of what holds for a job now; undefined: there is no such job. */
export function inForce(
  db: Database,
  blockLists: BlockLists,
  jobId: string,
): HeartbeatAnswer | undefined {
  const asked = db.get<Asked>(
    `SELECT organisation_id, repository, workflow, workflow_ref AS workflowRef, job, policy_from, policy_name
     FROM jobs WHERE id = ?`,
    jobId,
  )
  if (asked === undefined) return undefined
  return {
    blockListVersion: blockLists.of(asked.organisation_id).version,
    policyVersion: policyVersion(db, asked.organisation_id, asked, askOf(asked)),
  }
}

const askOf = ({ policy_from: from, policy_name: name }: Asked): JobStart['policy'] =>
  from === 'name' ? { from, name: name ?? '' } : { from }

function policyVersion(
  db: Database,
  organisationId: string,
  job: PolicyJob,
  ask: JobStart['policy'],
): string | null {
  try {
    const policies = policiesFor(db, organisationId, job, ask)
    return policies.length === 0 ? null : policiesVersion(policies)
  } catch (error) {
    // The one that it asked for was deleted since.
    if (error instanceof HttpError) return null
    throw error
  }
}
