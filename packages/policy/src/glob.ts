/** Patterns that have been used before, made ready. */
const known = new Map<string, (text: string) => boolean>()
const keptPatterns = 4096

/**
 * Whether the whole text matches: `*` stands for any characters but `/`, `**` for any; `\*` and `\\` for a star and a backslash
 * themselves, and every other character for itself. Takes time in proportion to text times pattern whatever they are: text comes
 * from the job.
 */
export function glob(text: string, pattern: string): boolean {
  let match = known.get(pattern)
  if (match === undefined) {
    match = prepare(pattern)
    if (known.size >= keptPatterns) known.clear()
    known.set(pattern, match)
  }
  return match(text)
}

/** The pattern that matches this text alone. */
export const globFor = (text: string): string => text.replaceAll(/[\\*]/g, String.raw`\$&`)

/** Any characters; any but `/`. */
const any = Symbol('**')
const some = Symbol('*')
type Token = string | typeof any | typeof some

const tokensOf = (pattern: string): Token[] =>
  (pattern.match(/\\[\\*]|\*\*|\*|[^]/gu) ?? []).map((part) =>
    part === '**'
      ? any
      : part === '*'
        ? some
        : part.length > 1 && part.startsWith('\\')
          ? part.slice(1)
          : part,
  )

const isStar = (token: Token | undefined): boolean => token === any || token === some

function prepare(pattern: string): (text: string) => boolean {
  const tokens = tokensOf(pattern)
  const first = tokens.findIndex(isStar)
  if (first < 0) {
    const only = tokens.join('')
    return (text) => text === only
  }
  const last = tokens.findLastIndex(isStar) + 1
  const head = tokens.slice(0, first).join('')
  const tail = tokens.slice(last).join('')
  const between = tokens.slice(first, last)
  const least = head.length + tail.length
  const fits = (text: string): boolean =>
    text.length >= least && text.startsWith(head) && text.endsWith(tail)
  if (between.length === 1 && between[0] === any) return fits
  // Most texts are refused by their ends.
  const inner = (text: string): string => text.slice(head.length, text.length - tail.length)
  const parts = between.slice(1, -1)
  if (parts.length > 0 && between[0] === any && between.at(-1) === any && !parts.some(isStar)) {
    const part = parts.join('')
    return (text) => fits(text) && inner(text).includes(part)
  }
  return (text) => fits(text) && run(between, inner(text))
}

/** Simulates the automaton of the pattern: `states` holds the tokens that may come next. */
function run(tokens: readonly Token[], text: string): boolean {
  let states = closure(tokens, new Set([0]))
  for (const char of text) {
    const next = new Set<number>()
    for (const at of states) {
      const token = tokens[at]
      if (token === any || (token === some && char !== '/')) next.add(at)
      else if (token === char) next.add(at + 1)
    }
    if (next.size === 0) return false
    states = closure(tokens, next)
  }
  return states.has(tokens.length)
}

/** A star may also stand for nothing. */
function closure(tokens: readonly Token[], states: Set<number>): Set<number> {
  // A set's iteration goes on with what is added on the way.
  for (const at of states) if (isStar(tokens[at])) states.add(at + 1)
  return states
}
