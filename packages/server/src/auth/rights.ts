/** What a person may do in an organisation; each may what those before it may. */
export const roles = ['viewer', 'editor', 'admin'] as const
export type Role = (typeof roles)[number]

/** What an API key may: as a role does, or start jobs and nothing else. */
export const keyRoles = [...roles, 'agent'] as const
export type KeyRole = (typeof keyRoles)[number]

/**
 * What a route asks of who calls it.
 * - `public`: nothing
 * - `agent`: an API key of that role, or GitHub's token of a job
 * - `job`: the token of the job that `:id` names
 * - `signed-in`: a person, whatever their roles; also an API key of a role
 * - `viewer`, `editor`, `admin`: that role in the organisation that `:org` names
 * - `operator`: an administrator of the server itself
 */
export type Right = 'public' | 'agent' | 'job' | 'signed-in' | Role | 'operator'

export interface Organisation {
  id: string
  name: string
}

/** What GitHub says of a job that runs (src/auth/job-claims.ts). */
export interface JobClaims {
  repository: string
  repositoryOwner: string
  workflow: string | null
  workflowRef: string | null
  jobWorkflowRef: string | null
  ref: string | null
  sha: string | null
  event: string | null
  actor: string | null
  runId: string
  runAttempt: string
  runnerEnvironment: string | null
}

/** Who calls. Where the route is one of an organisation, it is this one, and no other is to be asked for. */
export type Identity =
  | { kind: 'nobody' }
  | { kind: 'user'; id: string; name: string; operator: boolean }
  | { kind: 'key'; id: string; name: string; role: KeyRole; organisation: Organisation }
  | { kind: 'job-claims'; claims: JobClaims; organisation: Organisation }
  | { kind: 'job'; jobId: string; organisation: Organisation }

/** Whether a role is enough where another is asked for. */
export function isEnough(has: Role, asked: Role): boolean {
  return roles.indexOf(has) >= roles.indexOf(asked)
}

/** Who changes something: whoever calls, or a feed of the block list that is followed. */
export type Actor = Identity | { kind: 'feed'; name: string }

/** Tells apart whom `actorOf` names alike: names are changed, and given again. null: nobody has one. */
export const actorIdOf = (identity: Actor): string | null =>
  identity.kind === 'user' || identity.kind === 'key' ? identity.id : null

/** As the audit log names them. */
export function actorOf(identity: Actor): string {
  switch (identity.kind) {
    case 'feed':
      return `feed ${identity.name}`
    case 'nobody':
      return 'nobody'
    case 'user':
      return `user ${identity.name}`
    case 'key':
      return `key ${identity.name}`
    case 'job-claims':
      return `job of ${identity.claims.repository}`
    case 'job':
      return `job ${identity.jobId}`
  }
}
