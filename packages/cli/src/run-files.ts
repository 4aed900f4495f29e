import { readFileSync } from 'node:fs'
import { AgentError, messageOf } from '@runwarden/agent'

/** Reads a file that the command line names. @throws AgentError that names it. */
export function readNamedFile(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new AgentError(
      'UNREADABLE',
      `cannot read the ${what} ${path}: ${messageOf(error)}`,
      `name a readable ${what}`,
      { cause: error },
    )
  }
}
