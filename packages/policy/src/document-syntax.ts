import type { YAMLError } from 'yaml'
import type { DocumentReader } from './document-reader.ts'
import { readEndpoint } from './endpoint.ts'
import type { Problem } from './error.ts'

/** The first ones tell enough, and each costs a look at its line. */
const mostErrors = 50

/** A policy is four levels deep. */
const deepest = 64

/** More list and key marks in one line, with nothing but blanks between, than that. */
const marksInARow = new RegExp(`(?:[-?:] [^\\S\\n]*){${deepest + 1}}`)

/**
 * Whether brackets or list marks nest deeper than any policy does. A YAML parser takes seconds, or
 * its whole stack, for a document of nothing else. Brackets in quotes and comments count as well,
 * which only matters where dozens of them are not closed.
 */
export function nestedTooDeeply(source: string): boolean {
  let depth = 0
  for (const [mark] of source.matchAll(/[[\]{}]/g)) {
    depth = mark === '[' || mark === '{' ? depth + 1 : Math.max(0, depth - 1)
    if (depth > deepest) return true
  }
  return marksInARow.test(source) || /^ {256}/m.test(source)
}

/**
 * Problems of the YAML parser in words about policies. `usable`: they are all of the kind that
 * leaves the rest of the tree as it was meant.
 */
export function syntaxProblems(
  reader: DocumentReader,
  errors: readonly YAMLError[],
): { problems: Problem[]; usable: boolean } {
  const problems: Problem[] = []
  let usable = true
  for (const error of errors.slice(0, mostErrors)) {
    const problem = unquotedBrackets(reader, error) ?? unquotedStar(reader, error)
    if (problem === null) usable = false
    const shown = problem ?? {
      ...reader.where(error.pos[0]),
      text: lineAt(reader.source, error.pos[0]).text.trim(),
      what: inWords(error),
      nearest: null,
    }
    // One mistake makes the parser stumble several times.
    if (!problems.some(({ line }) => line === shown.line)) problems.push(shown)
  }
  return { problems, usable }
}

/** `- [2001:db8::/32]:443` */
function unquotedBrackets(reader: DocumentReader, error: YAMLError): Problem | null {
  if (error.code !== 'UNEXPECTED_TOKEN') return null
  const line = lineAt(reader.source, error.pos[0])
  const match =
    /^(\s*(?:- +)?(?:(?:endpoint|https): +)?)((?:udp:\/\/|tcp:\/\/)?\[[^\]\s]*\]\S*)/.exec(
      line.text,
    )
  const text = match?.[2]
  if (text === undefined || line.start + (match?.[1]?.length ?? 0) > error.pos[0]) return null
  const parts = readEndpoint(text)
  const nearest = 'what' in parts ? parts.nearest : text
  return {
    ...reader.where(line.start + (match?.[1]?.length ?? 0)),
    text,
    what: 'YAML reads unquoted brackets as a list: put the endpoint in quotes',
    nearest: nearest === null ? null : `'${nearest}'`,
  }
}

/** `- *` */
function unquotedStar(reader: DocumentReader, error: YAMLError): Problem | null {
  if (error.code !== 'BAD_ALIAS') return null
  return {
    ...reader.where(error.pos[0]),
    text: '*',
    what: 'YAML reads an unquoted "*" as a reference; and alone it would allow every name: name a domain',
    nearest: null,
  }
}

function lineAt(source: string, offset: number): { text: string; start: number } {
  const start = offset === 0 ? 0 : source.lastIndexOf('\n', offset - 1) + 1
  const end = source.indexOf('\n', start)
  const text = source.slice(start, Math.min(end < 0 ? source.length : end, start + 1200))
  return { text: text.replace(/\r$/, ''), start }
}

const words: Partial<Record<YAMLError['code'], string>> = {
  TAB_AS_INDENT: 'a tab cannot indent in YAML: use blanks',
  MULTIPLE_DOCS: 'a policy is one document: there is a second one after "---"',
  MISSING_CHAR: 'a quote, bracket or ":" is missing here',
  BAD_INDENT: 'the indentation does not fit what stands above',
  BAD_SCALAR_START: 'a text that starts with this character has to be in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'the indentation does not fit, or there is a second ": " in this line',
  MULTILINE_IMPLICIT_KEY: 'the indentation does not fit, or a ":" is missing after a key',
  UNEXPECTED_TOKEN:
    'something stands here that does not belong to what comes before: is a quote, "- " or ":" missing?',
}

function inWords(error: YAMLError): string {
  return words[error.code] ?? `is no valid YAML: ${error.message}`
}
