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

/** 2026-03-01T12-30-05.123Z: sorts by time, and is a file's name anywhere. */
export function timeName(time: Date): string {
  return time.toISOString().replaceAll(':', '-')
}
