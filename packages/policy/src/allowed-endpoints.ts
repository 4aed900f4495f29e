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
  const firstLine = start.line ?? 1
  for (const [i, line] of text.split(/\r\n|\r|\n/).entries()) {
    // A "#" starts a comment where a word could start: within a word it is part of it, and wrong.
    for (const match of line.replace(/(^|\s)#.*$/s, '$1').matchAll(/\S+/g)) {
      const column = match.index + (i === 0 ? (start.column ?? 1) : 1)
      const at = { file: start.file, line: firstLine + i, column }
      const parts = readEndpoint(match[0])
      if ('what' in parts) problems.push({ ...at, text: match[0], ...parts })
      else endpoints.push({ ...parts, text: match[0], where: at })
    }
  }
  refuse(problems)
  return endpoints
}
