/** Patterns that have been used before, made ready. */
const known = new Map<string, (text: string) => boolean>()
const keptPatterns = 4096

/**
 * Whether the whole text matches: `*` stands for any characters but `/`, `**` for any. Takes time in
 * proportion to text times pattern whatever they are: text comes from the job.
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

function prepare(pattern: string): (text: string) => boolean {
  const first = pattern.indexOf('*')
  if (first < 0) return (text) => text === pattern
  const last = pattern.lastIndexOf('*') + 1
  const head = pattern.slice(0, first)
  const tail = pattern.slice(last)
  const between = pattern.slice(first, last)
  const least = head.length + tail.length
  const fits = (text: string): boolean =>
    text.length >= least && text.startsWith(head) && text.endsWith(tail)
  if (between === '**') return fits
  // Most texts are refused by their ends.
  const inner = (text: string): string => text.slice(head.length, text.length - tail.length)
  const [, part] = /^\*\*([^*]+)\*\*$/.exec(between) ?? []
  if (part !== undefined) return (text) => fits(text) && inner(text).includes(part)
  const tokens = between.match(/\*\*|\*|[^]/gu) ?? []
  return (text) => fits(text) && run(tokens, inner(text))
}

/** Simulates the automaton of the pattern: `states` holds the tokens that may come next. */
function run(tokens: readonly string[], text: string): boolean {
  let states = closure(tokens, new Set([0]))
  for (const char of text) {
    const next = new Set<number>()
    for (const at of states) {
      const token = tokens[at]
      if (token === '**' || (token === '*' && char !== '/')) next.add(at)
      else if (token === char && token !== '*') next.add(at + 1)
    }
    if (next.size === 0) return false
    states = closure(tokens, next)
  }
  return states.has(tokens.length)
}

/** A star may also stand for nothing. */
function closure(tokens: readonly string[], states: Set<number>): Set<number> {
  // A set's iteration goes on with what is added on the way.
  for (const at of states) if (tokens[at] === '*' || tokens[at] === '**') states.add(at + 1)
  return states
}
