import type { HeartbeatAnswer, JobPolicies, JobStart } from '@runwarden/events/control-plane'
import type { BlockLists } from '../blocklist/block-lists.ts'
import type { Database } from '../db/database.ts'
import { HttpError } from '../error.ts'
import { type OwnedPolicy, policiesFor, policiesVersion } from '../policies/effective.ts'

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
  const asked = askedBy(db, jobId)
  if (asked === undefined) return undefined
  return {
    blockListVersion: blockLists.of(asked.organisation_id).version,
    policyVersion: policyVersion(db, asked),
  }
}

/**
 * The policies of a job now, and their version; undefined: there is no such job.
 * @throws HttpError (404, `unknown-policy`): the one that it asked for was deleted since
 */
export function policiesNow(
  db: Database,
  jobId: string,
): { version: JobPolicies['version']; policies: OwnedPolicy[] } | undefined {
  const asked = askedBy(db, jobId)
  if (asked === undefined) return undefined
  const ask = askOf(asked)
  const policies = policiesFor(db, asked.organisation_id, asked, ask)
  return { version: versionFor(ask, policies), policies }
}

/** Of all the policies of a job together; null: it asked for none, and none will be pushed to it. */
export function versionFor(
  ask: JobStart['policy'],
  policies: readonly OwnedPolicy[],
): string | null {
  return ask.from === 'workflow' ? null : policiesVersion(policies)
}

function askedBy(db: Database, jobId: string): Asked | undefined {
  return db.get<Asked>(
    `SELECT organisation_id, repository, workflow, workflow_ref AS workflowRef, job, policy_from, policy_name
     FROM jobs WHERE id = ?`,
    jobId,
  )
}

const askOf = ({ policy_from: from, policy_name: name }: Asked): JobStart['policy'] =>
  from === 'name' ? { from, name: name ?? '' } : { from }

function policyVersion(db: Database, asked: Asked): string | null {
  const ask = askOf(asked)
  try {
    return versionFor(ask, policiesFor(db, asked.organisation_id, asked, ask))
  } catch (error) {
    // The one that it asked for was deleted since: it keeps what it has.
    if (error instanceof HttpError) return null
    throw error
  }
}
