import { readEndpoint } from './endpoint.ts'
import type { Endpoint } from './endpoint.ts'
import { refuse } from './error.ts'
import type { Problem } from './error.ts'

const LINE_FEED = 10
const CARRIAGE_RETURN = 13
const NUMBER_SIGN = 35

/**
 * Reads the one-line form of an allow-list: endpoints with blanks or newlines between, `#` to the
 * end of the line a comment. `where` is the file or option it came from, and its first line and
 * column when they are not 1.
 * @throws PolicyError with every endpoint that is none, and every one that a comment has swallowed
 */
export function parseAllowedEndpoints(
  text: string,
  where: string | { file: string; line?: number; column?: number },
): Endpoint[] {
  const start = typeof where === 'string' ? { file: where } : where
  const problems: Problem[] = []
  const endpoints: Endpoint[] = []
  const isOneLine = !/[\r\n]/.test(text.trim())
  let line = start.line ?? 1
  let lineAt = 1 - (start.column ?? 1)
  for (let index = 0; index < text.length;) {
    const code = text.charCodeAt(index)
    if (code === CARRIAGE_RETURN || code === LINE_FEED) {
      index += code === CARRIAGE_RETURN && text.charCodeAt(index + 1) === LINE_FEED ? 2 : 1
      line++
      lineAt = index
    } else if (isBlank(code)) index++
    // A "#" starts a comment where a word could start: within a word it is part of it, and wrong.
    else if (code === NUMBER_SIGN) {
      const end = endOfLine(text, index)
      const at = { file: start.file, line, column: index - lineAt + 1 }
      const swallowed = endpointIn(text.slice(index, end), isOneLine)
      if (swallowed !== undefined)
        problems.push({ ...at, text: swallowed, what: swallowing, nearest: null })
      index = end
    } else {
      const end = endOfWord(text, index)
      const word = text.slice(index, end)
      const at = { file: start.file, line, column: index - lineAt + 1 }
      const parts = readEndpoint(word)
      if ('what' in parts) problems.push({ ...at, text: word, ...parts })
      else {
        const { host, protocol, portFrom, portTo } = parts
        endpoints.push({ host, protocol, portFrom, portTo, text: word, where: at })
      }
      index = end
    }
  }
  refuse(problems)
  return endpoints
}

const swallowing =
  'stands in a comment, which goes on to the end of its line. ">" of YAML makes one line of all: write "allowed-endpoints: |". To leave an endpoint out, have it right behind the "#"'

/**
 * The first endpoint of a comment that was hardly meant to be in it: not the word behind the `#`, which is left out on purpose. Of a
 * text that is one line it need not name its port.
 */
function endpointIn(comment: string, isOneLine: boolean): string | undefined {
  const words = comment.replace(/^#+\s*/, '').split(/\s+/)
  return words.find(
    (word, at) =>
      at > 0 &&
      !/^#*$/.test(words[at - 1] ?? '') &&
      (isOneLine ? /\w\.[a-z]{2,}$|:\d/i : /:\d/).test(word) &&
      !('what' in readEndpoint(word)),
  )
}

function endOfLine(text: string, from: number): number {
  let end = from
  while (end < text.length) {
    const code = text.charCodeAt(end)
    if (code === CARRIAGE_RETURN || code === LINE_FEED) break
    end++
  }
  return end
}

function endOfWord(text: string, from: number): number {
  let end = from
  while (end < text.length && !isBlank(text.charCodeAt(end))) end++
  return end
}

/** What `\s` is in a regular expression. */
function isBlank(code: number): boolean {
  if (code < 128) return code === 32 || (code >= 9 && code <= 13)
  return /\s/.test(String.fromCharCode(code))
}
