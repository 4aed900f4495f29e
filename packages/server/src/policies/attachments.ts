import { z } from 'zod'
import type { Organisation } from '../auth/rights.ts'
import type { Database } from '../db/database.ts'
import { badRequest, notFound } from '../error.ts'
import { newId } from '../id.ts'
import { Line } from '../routes/page.ts'
import type { Owner } from './owner.ts'

export const Repository = z
  .string()
  .max(201)
  .regex(/^[\w.-]{1,100}\/[\w.-]{1,100}$/, 'is no owner/name')

/** The path of its file (`.github/workflows/release.yml`), or its name. The file's path wins where both are attached. */
const Workflow = Line

/** Where a policy holds. */
export const Target = z.discriminatedUnion('level', [
  z.object({ level: z.literal('cluster') }),
  z.object({ level: z.literal('organisation') }),
  z.object({ level: z.literal('repository'), repository: Repository }),
  z.object({ level: z.literal('workflow'), repository: Repository, workflow: Workflow }),
  z.object({
    level: z.literal('job'),
    repository: Repository,
    workflow: Workflow,
    /** The job's id in that file. */
    job: Line,
  }),
])
export type Target = z.infer<typeof Target>

export interface Attachment {
  id: string
  policy: string
  level: Target['level']
  repository: string | null
  workflow: string | null
  job: string | null
  createdBy: string
  createdAt: number
}

export function listAttachments(
  db: Database,
  owner: Owner,
  after: string,
  limit: number,
): Attachment[] {
  return db.all<Attachment>(
    `SELECT policy_attachments.id, name AS policy, level, nullif(repository, '') AS repository,
            nullif(workflow, '') AS workflow, nullif(job, '') AS job, created_by AS createdBy, created_at AS createdAt
     FROM policy_attachments JOIN policies ON policies.id = policy_id
     WHERE policy_attachments.organisation_id IS ? AND policy_attachments.id > ? ORDER BY policy_attachments.id LIMIT ?`,
    owner,
    after,
    limit,
  )
}

/**
 * Has a policy hold somewhere, in place of the one that did. The attachment is another one then, with an id of its own: who
 * detaches what an older page shows does not detach what has come since.
 * @returns the attachment's id, and the name of the policy that it replaced
 * @throws HttpError (400, 404)
 */
export function attach(
  db: Database,
  organisation: Organisation | null,
  given: { policy: string; target: Target; by: string; now: number },
): { id: string; replaced: string | null } {
  const { target } = given
  const owner = organisation?.id ?? null
  if ((target.level === 'cluster') !== (organisation === null))
    throw badRequest(
      'body',
      'target.level',
      organisation === null
        ? 'the server’s own policies hold for the cluster: level is cluster'
        : 'an organisation’s policies hold for a job, a workflow, a repository or the organisation',
    )
  const {
    repository = '',
    workflow = '',
    job = '',
  } = { ...target } as Partial<Record<string, string>>
  if (repository !== '' && ownerName(repository) !== organisation?.name)
    throw badRequest('body', 'target.repository', `is no repository of ${organisation?.name}`)
  const policy = db.get<{ id: string }>(
    'SELECT id FROM policies WHERE organisation_id IS ? AND name = ? AND deleted_at IS NULL',
    owner,
    given.policy,
  )
  if (policy === undefined) throw notFound(`policy as ${given.policy}`)
  const place = [target.level, repository.toLowerCase(), workflow, job] as const
  const replaced = db.get<{ policy: string }>(
    `DELETE FROM policy_attachments
     WHERE organisation_id IS ? AND level = ? AND repository = ? AND workflow = ? AND job = ?
     RETURNING (SELECT name FROM policies WHERE id = policy_id) AS policy`,
    owner,
    ...place,
  )
  const id = newId()
  db.run(
    'INSERT INTO policy_attachments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
    id,
    owner,
    policy.id,
    ...place,
    given.by,
    given.now,
  )
  return { id, replaced: replaced?.policy ?? null }
}

/**
 * @returns what was taken away
 * @throws HttpError (404)
 */
export function detach(
  db: Database,
  owner: Owner,
  id: string,
): { policy: string } & Pick<Attachment, 'level' | 'repository' | 'workflow' | 'job'> {
  const gone = db.get<ReturnType<typeof detach>>(
    `DELETE FROM policy_attachments WHERE organisation_id IS ? AND id = ?
     RETURNING (SELECT name FROM policies WHERE id = policy_id) AS policy, level, nullif(repository, '') AS repository,
               nullif(workflow, '') AS workflow, nullif(job, '') AS job`,
    owner,
    id,
  )
  if (gone === undefined) throw notFound('attachment')
  return gone
}

const ownerName = (repository: string): string => (repository.split('/')[0] ?? '').toLowerCase()
