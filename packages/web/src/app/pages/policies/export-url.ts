/** A policy's document, as a file: the one link of these pages that leads to the server itself. */
export const exportUrl = (org: string, policy: string, version?: number): string =>
  `/v1/orgs/${encodeURIComponent(org)}/policies/${encodeURIComponent(policy)}/text${
    version === undefined ? '' : `?version=${version}`
  }`
