import type { Owner } from '../../owner.ts'

/** A policy's document, as a file: the one link of these pages that leads to the server itself. */
export function exportUrl(owner: Owner, policy: string, version?: number): string {
  const store = owner === null ? '/v1/server' : `/v1/orgs/${encodeURIComponent(owner)}`
  const asked = version === undefined ? '' : `?version=${version}`
  return `${store}/policies/${encodeURIComponent(policy)}/text${asked}`
}
