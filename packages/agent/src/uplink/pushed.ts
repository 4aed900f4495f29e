import type { JobPolicies, StoredPolicy } from '@runwarden/events/control-plane'
import { byLevel, policyLevels, storedName } from '@runwarden/events/stored-policy'
import { AskError } from './ask.ts'
import type { Pushed } from './pushes.ts'

/** The block list that a control plane has for a job. */
export function pushedList(
  version: string | null,
  blockBy: (text: string, version: string) => Promise<void>,
): Pushed {
  return {
    event: 'block-list',
    path: '/v1/jobs/{id}/blocklist',
    version,
    read({ headers, body }) {
      const now = /^(?:W\/)?"([^"]{1,200})"$/.exec(headers.etag ?? '')?.[1] ?? 'without a version'
      return {
        version: now,
        name: `block list ${now}`,
        apply: () => blockBy(body.toString(), now),
      }
    },
  }
}

/** The policies that a control plane has for a job. */
export function pushedPolicies(
  version: string,
  policyBy: (policies: readonly StoredPolicy[], name: string, version: string) => Promise<void>,
): Pushed {
  return {
    event: 'policy',
    path: '/v1/jobs/{id}/policies',
    version,
    read({ body }) {
      const { version: now, policies } = readPolicies(body)
      const name = nameOf(policies)
      return { version: now ?? version, name, apply: () => policyBy(policies, name, now ?? '') }
    },
  }
}

function nameOf(policies: readonly StoredPolicy[]): string {
  return policies.length === 0
    ? 'no policy'
    : `policy ${byLevel(policies).map(storedName).join(', ')}`
}

/** Field by field: a schema library is loaded by nobody for it. @throws AskError */
function readPolicies(body: Buffer): JobPolicies {
  const { version, policies } = JSON.parse(body.toString()) as Partial<JobPolicies>
  const whole =
    (version === null || typeof version === 'string') &&
    Array.isArray(policies) &&
    policies.every(
      (one: Partial<StoredPolicy>) =>
        typeof one?.name === 'string' &&
        typeof one.text === 'string' &&
        typeof one.version === 'number' &&
        policyLevels.some((level) => level === one.level),
    )
  if (!whole || version === undefined)
    throw new AskError('the control plane answered what are no policies')
  return { version, policies }
}
