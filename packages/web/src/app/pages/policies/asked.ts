import { api, ask } from '../../api.ts'
import type { Owner } from '../../owner.ts'

interface Writing {
  text: string
  reason: string
  basedOn: number
}
type Target =
  | { level: 'cluster' | 'organisation' }
  | { level: 'repository'; repository: string }
  | { level: 'workflow'; repository: string; workflow: string }
  | { level: 'job'; repository: string; workflow: string; job: string }

/** What is asked of a policy store, an organisation's or the server's own. */
export const policiesOf = (owner: Owner, after: string | undefined) => {
  const query = after === undefined ? {} : { after }
  return owner === null
    ? ask(api.GET('/v1/server/policies', { params: { query } }))
    : ask(api.GET('/v1/orgs/{org}/policies', { params: { path: { org: owner }, query } }))
}

export const checkPolicy = (owner: Owner, text: string) => {
  const body = { text }
  return owner === null
    ? ask(api.POST('/v1/server/policy-checks', { body }))
    : ask(api.POST('/v1/orgs/{org}/policy-checks', { params: { path: { org: owner } }, body }))
}

/** @param version null: the newest */
export const policyOf = (owner: Owner, policy: string, version: number | null) => {
  const query = version === null ? {} : { version }
  return owner === null
    ? ask(api.GET('/v1/server/policies/{policy}', { params: { path: { policy }, query } }))
    : ask(
        api.GET('/v1/orgs/{org}/policies/{policy}', {
          params: { path: { org: owner, policy }, query },
        }),
      )
}

export const versionsOf = (owner: Owner, policy: string, below: number | undefined) => {
  const query = below === undefined ? {} : { below }
  return owner === null
    ? ask(api.GET('/v1/server/policies/{policy}/versions', { params: { path: { policy }, query } }))
    : ask(
        api.GET('/v1/orgs/{org}/policies/{policy}/versions', {
          params: { path: { org: owner, policy }, query },
        }),
      )
}

export const savePolicy = (owner: Owner, policy: string, body: Writing) =>
  owner === null
    ? ask(api.PUT('/v1/server/policies/{policy}', { params: { path: { policy } }, body }))
    : ask(
        api.PUT('/v1/orgs/{org}/policies/{policy}', {
          params: { path: { org: owner, policy } },
          body,
        }),
      )

export const deletePolicy = (owner: Owner, policy: string) =>
  owner === null
    ? ask(api.DELETE('/v1/server/policies/{policy}', { params: { path: { policy } } }))
    : ask(
        api.DELETE('/v1/orgs/{org}/policies/{policy}', {
          params: { path: { org: owner, policy } },
        }),
      )

export const attachmentsOf = (owner: Owner, after: string | undefined) => {
  const query = { limit: 500, ...(after === undefined ? {} : { after }) }
  return owner === null
    ? ask(api.GET('/v1/server/policy-attachments', { params: { query } }))
    : ask(api.GET('/v1/orgs/{org}/policy-attachments', { params: { path: { org: owner }, query } }))
}

export const attachPolicy = (owner: Owner, policy: string, target: Target) => {
  const body = { policy, target }
  return owner === null
    ? ask(api.POST('/v1/server/policy-attachments', { body }))
    : ask(api.POST('/v1/orgs/{org}/policy-attachments', { params: { path: { org: owner } }, body }))
}

export const detachPolicy = (owner: Owner, attachment: string) =>
  owner === null
    ? ask(
        api.DELETE('/v1/server/policy-attachments/{attachment}', {
          params: { path: { attachment } },
        }),
      )
    : ask(
        api.DELETE('/v1/orgs/{org}/policy-attachments/{attachment}', {
          params: { path: { org: owner, attachment } },
        }),
      )
