import type { GithubFacts } from '@runwarden/events'
import { AgentError } from '../errors.ts'

/** The job's place on GitHub, as the runner tells it to the processes that it starts. */
export function githubFacts(
  environment: NodeJS.ProcessEnv,
  granted: GithubFacts['granted'] = null,
): GithubFacts {
  return {
    repository: environment['GITHUB_REPOSITORY'] || null,
    apiUrl: environment['GITHUB_API_URL'] || null,
    serverUrl: environment['GITHUB_SERVER_URL'] || null,
    granted,
  }
}

/**
 * What a job was granted, as a workflow's `permissions:` has it, on one line or several.
 * @throws AgentError when it can't be read
 */
export function readGranted(text: string): Record<string, string> {
  const granted: Record<string, string> = {}
  for (const entry of text.split(/[,\n]/).map((one) => one.trim())) {
    if (entry === '' || entry === '{}') continue
    if (entry === 'read-all' || entry === 'write-all') {
      granted['*'] = entry.slice(0, -'-all'.length)
      continue
    }
    const [, permission, access] = /^([a-z][a-z-]*)\s*:\s*(read|write|none)$/.exec(entry) ?? []
    if (permission === undefined || access === undefined)
      throw new AgentError(
        'BAD_PERMISSIONS',
        `the granted permissions cannot be read at '${entry}'`,
        "write them as in a workflow: 'contents: read, issues: write', 'read-all' or 'write-all'",
      )
    granted[permission] = access
  }
  return granted
}
