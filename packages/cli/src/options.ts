/** A mistake on the command line, for the person who made it. */
export class UsageError extends Error {
  readonly code = 'USAGE'
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

/** One option: what it takes, what it says in --help. */
export interface Option {
  /** `flag` takes no value; `list` may be given again. */
  type: 'flag' | 'text' | 'list' | 'choice'
  choices?: readonly string[]
  /** Name of the value in --help. */
  value?: string
  default?: string
  help: string
}

export type OptionTable = Readonly<Record<string, Option>>

/** What an option table makes of a command line: lists are always there, the rest only when given or by default. */
export type Parsed<T extends OptionTable> = {
  [K in keyof T]: T[K]['type'] extends 'flag'
    ? boolean
    : T[K]['type'] extends 'list'
      ? string[]
      : T[K] extends { default: string }
        ? string
        : string | undefined
}

/** Edits that lead from one text to the other (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1
      next.push(Math.min((next[j - 1] ?? 0) + 1, (row[j] ?? 0) + 1, (row[j - 1] ?? 0) + cost))
    }
    row = next
  }
  return row[b.length] ?? 0
}

/** The candidate that a mistyped word most likely meant; undefined when none is close. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1
  for (const candidate of candidates) {
    const edits = distance(word, candidate)
    if (edits < bestDistance) [best, bestDistance] = [candidate, edits]
  }
  return best
}

/**
 * Reads options up to the first word that is none, or up to `--`; the rest is left as it is.
 * @throws UsageError
 */
export function parseOptions<T extends OptionTable>(
  table: T,
  words: readonly string[],
): { options: Parsed<T>; rest: string[] } {
  const options: Record<string, boolean | string | string[] | undefined> = {}
  const given = new Set<string>()
  for (const [name, option] of Object.entries(table)) {
    options[name] = option.type === 'flag' ? false : option.type === 'list' ? [] : option.default
  }
  let at = 0
  for (; at < words.length; at++) {
    const word = words[at] === '-h' ? '--help' : (words[at] ?? '')
    if (word === '--') {
      at++
      break
    }
    if (!word.startsWith('-') || word === '-') break
    const [flag = '', inline] = splitOnce(word, '=')
    const name = flag.replace(/^--/, '')
    const option = flag.startsWith('--') ? table[name] : undefined
    if (option === undefined) {
      const meant = nearest(name, Object.keys(table))
      throw new UsageError(
        `there is no option '${flag}'${meant === undefined ? '' : `; did you mean --${meant}?`}`,
      )
    }
    if (option.type === 'flag') {
      if (inline !== undefined) throw new UsageError(`--${name} takes no value`)
      options[name] = true
      continue
    }
    const value = inline ?? words[++at]
    if (value === undefined || (value === '' && option.type === 'text'))
      throw new UsageError(
        `--${name} needs a value: --${name} ${option.value ?? option.choices?.join('|') ?? ''}`,
      )
    if (option.choices !== undefined && !option.choices.includes(value)) {
      const meant = nearest(value, option.choices)
      throw new UsageError(
        `--${name} '${value}': it is one of ${option.choices.join(', ')}${meant === undefined ? '' : `; did you mean ${meant}?`}`,
      )
    }
    const list = options[name]
    if (Array.isArray(list)) list.push(value)
    else if (given.has(name))
      // The last one would hold, and the first be forgotten without a word.
      throw new UsageError(`--${name} was given already; it takes one value`)
    else options[name] = value
    given.add(name)
  }
  return { options: options as Parsed<T>, rest: words.slice(at) }
}

function splitOnce(text: string, by: string): [string, string | undefined] {
  const at = text.indexOf(by)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + by.length)]
}

/** The lines of --help for an option table. */
export function describeOptions(table: OptionTable): string {
  const rows = Object.entries(table).map(([name, option]) => {
    const value =
      option.type === 'flag' ? '' : ` ${option.choices?.join('|') ?? option.value ?? 'TEXT'}`
    const default_ = option.default === undefined ? '' : ` (default: ${option.default})`
    return [`--${name}${value}`, `${option.help}${default_}`] as const
  })
  const width = Math.min(30, Math.max(...rows.map(([left]) => left.length)))
  return rows
    .map(([left, right]) => {
      const indent = `\n${' '.repeat(width + 4)}`
      const text = wrap(right, 96 - width - 4).join(indent)
      return left.length > width ? `  ${left}${indent}${text}` : `  ${left.padEnd(width)}  ${text}`
    })
    .join('\n')
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line]
}
