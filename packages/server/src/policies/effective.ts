import { createHash } from 'node:crypto'
import { type JobStart, PolicyLevel, type StoredPolicy } from '@runwarden/events/control-plane'
import type { Database } from '../db/database.ts'
import { HttpError } from '../error.ts'
import type { Owner } from './owner.ts'

/** A policy as this server knows it: whose it is, its name does not say. */
export interface OwnedPolicy extends StoredPolicy {
  id: string
}

/** As others are told of them. */
export const toldOf = (policies: readonly OwnedPolicy[]): StoredPolicy[] =>
  policies.map(({ level, name, version, text }) => ({ level, name, version, text }))

/** What tells which policies are a job's; the organisation is that of the identity. */
export type PolicyJob = Pick<JobStart['job'], 'repository' | 'workflow' | 'workflowRef' | 'job'>

/**
 * The policies that a job gets, the strongest level first, at most one of each.
 * - by a name: that policy as the job's own (the organisation's of that name, or else the server's), and those of the levels below
 * - from the store: those that are attached to the job, its workflow, its repository, its organisation, the cluster
 * - neither: none
 * @throws HttpError (404, `unknown-policy`): a job that asked for a policy by a wrong name must not run without it
 */
export function policiesFor(
  db: Database,
  organisationId: string,
  job: PolicyJob,
  ask: JobStart['policy'],
): OwnedPolicy[] {
  if (ask.from === 'workflow') return []
  const attached = attachedTo(db, organisationId, job)
  if (ask.from === 'store') return attached
  const named = byName(db, organisationId, ask.name) ?? byName(db, null, ask.name)
  if (named === undefined)
    throw new HttpError(404, 'unknown-policy', `there is no policy named ${ask.name}`)
  return [named, ...attached.filter(({ level }) => level !== 'job')]
}

/** Of a job's policies; another one when any of them is another. */
export function policiesVersion(policies: readonly OwnedPolicy[]): string {
  const said = policies.map(({ level, id, version }) => [level, id, version])
  return createHash('sha256').update(JSON.stringify(said)).digest('hex').slice(0, 32)
}

function byName(db: Database, owner: Owner, name: string): OwnedPolicy | undefined {
  const found = db.get<Omit<OwnedPolicy, 'level'>>(
    `SELECT id, name, version, text FROM policies JOIN policy_versions ON policy_id = id AND version = latest
     WHERE organisation_id IS ? AND name = ? AND deleted_at IS NULL`,
    owner,
    name,
  )
  return found && { level: 'job', ...found }
}

function attachedTo(db: Database, organisationId: string, job: PolicyJob): OwnedPolicy[] {
  const repository = job.repository?.toLowerCase() ?? ''
  // '-' is a word that no file is called by.
  const path = workflowPath(job.workflowRef) ?? '-'
  return PolicyLevel.options.flatMap((level) => {
    const isJob = level === 'job'
    const ofWorkflow = isJob || level === 'workflow'
    const ofRepository = ofWorkflow || level === 'repository'
    if ((ofRepository && repository === '') || (isJob && !job.job)) return []
    const found = db.get<OwnedPolicy>(
      `SELECT policies.id, level, name, version, text
       FROM policy_attachments JOIN policies ON policies.id = policy_attachments.policy_id
         JOIN policy_versions ON policy_versions.policy_id = policies.id AND version = latest
       WHERE ifnull(policy_attachments.organisation_id, '') = ? AND level = ? AND repository = ?
         AND workflow IN (?, ?) AND job = ?
       ORDER BY workflow = ? DESC LIMIT 1`,
      level === 'cluster' ? '' : organisationId,
      level,
      ofRepository ? repository : '',
      ofWorkflow ? path : '',
      ofWorkflow ? nameOf(job.workflow) : '',
      isJob ? (job.job ?? '') : '',
      path,
    )
    return found === undefined ? [] : [found]
  })
}

/** A name that reads as a path of another file would bring that one's policy. */
function nameOf(workflow: string | null): string {
  return workflow === null || workflow.startsWith('.github/') ? '-' : workflow
}

/** `.github/workflows/file.yml` of `owner/name/.github/workflows/file.yml@ref`. */
export function workflowPath(workflowRef: string | null): string | null {
  return /^[^/]+\/[^/]+\/([^@]+)@/.exec(workflowRef ?? '')?.[1] ?? null
}
