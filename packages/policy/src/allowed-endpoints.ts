import { readEndpoint } from './endpoint.ts'
import type { Endpoint } from './endpoint.ts'
import { refuse } from './error.ts'
import type { Problem } from './error.ts'

/**
 * Reads the one-line form of an allow-list: endpoints with blanks or newlines between, `#` to the
 * end of the line a comment. `where` is the file or option it came from, and its first line and
 * column when they are not 1.
 * @throws PolicyError with every endpoint that is none
 */
export function parseAllowedEndpoints(
  text: string,
  where: string | { file: string; line?: number; column?: number },
): Endpoint[] {
  const start = typeof where === 'string' ? { file: where } : where
  const problems: Problem[] = []
  const endpoints: Endpoint[] = []
  let line = start.line ?? 1
  let lineAt = 1 - (start.column ?? 1)
  // A "#" starts a comment where a word could start: within a word it is part of it, and wrong.
  for (const { 0: found, index } of text.matchAll(/\r\n|\r|\n|#[^\r\n]*|\S+/g)) {
    if (found.startsWith('#')) continue
    if (found.startsWith('\r') || found.startsWith('\n')) {
      line++
      lineAt = index + found.length
      continue
    }
    const at = { file: start.file, line, column: index - lineAt + 1 }
    const parts = readEndpoint(found)
    if ('what' in parts) problems.push({ ...at, text: found, ...parts })
    else endpoints.push({ ...parts, text: found, where: at })
  }
  refuse(problems)
  return endpoints
}
