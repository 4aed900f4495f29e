import { canonicalName, matchPattern } from './host-name.ts'

/**
 * Which numbers (grants, entries) belong to a name. Plain data, so that it can be posted to
 * another thread. Cost of a look-up: one map access per label and, only under anchors that have
 * wildcards inside labels, one per character of one label; never the number of patterns.
 */
export interface NameIndex {
  /** Name → numbers. */
  readonly exact: Map<string, Numbers>
  /** `example.org` for the pattern `*.example.org` → numbers. */
  readonly under: Map<string, Numbers>
  /**
   * Patterns with a `*` elsewhere, by anchor (the labels after the last that has a wildcard),
   * then by what that label has before its first `*`.
   */
  readonly inside: Map<string, Map<string, InsidePattern[]>>
}

/** One number stands for itself: an array for each of thousands keeps the garbage collector busy, here and in the thread it is posted to. */
export type Numbers = number | number[]

interface InsidePattern {
  readonly pattern: string
  readonly numbers: number[]
}

export function emptyNameIndex(): NameIndex {
  return { exact: new Map(), under: new Map(), inside: new Map() }
}

/** Adds a number under a canonical name or pattern. */
export function addName(index: NameIndex, pattern: string, number: number): void {
  if (!pattern.includes('*')) return push(index.exact, pattern, number)
  const rest = pattern.startsWith('*.') ? pattern.slice(2) : pattern
  if (!rest.includes('*')) return push(index.under, rest, number)
  const labels = rest.split('.')
  const last = labels.findLastIndex((label) => label.includes('*'))
  const label = labels[last] ?? ''
  const anchor = labels.slice(last + 1).join('.')
  let heads = index.inside.get(anchor)
  if (heads === undefined) index.inside.set(anchor, (heads = new Map()))
  const head = label.slice(0, label.indexOf('*'))
  const list = heads.get(head)
  const known = list?.find((entry) => entry.pattern === pattern)
  if (known !== undefined) known.numbers.push(number)
  else if (list === undefined) heads.set(head, [{ pattern, numbers: [number] }])
  else list.push({ pattern, numbers: [number] })
}

/** Every number whose name or pattern fits, in the order they were added. */
export function lookUpName(index: NameIndex, text: string): number[] {
  const name = canonicalName(text)
  if (name === null) return []
  const found: number[] = []
  addNumbers(found, index.exact.get(name))
  if (index.under.size > 0 || index.inside.size > 0) {
    // `before` is the end of the label in front of the suffix.
    for (let before = name.indexOf('.'); before >= 0; before = name.indexOf('.', before + 1)) {
      const suffix = name.slice(before + 1)
      addNumbers(found, index.under.get(suffix))
      const heads = index.inside.get(suffix)
      if (heads !== undefined) lookInside(heads, name, before, found)
    }
  }
  return found.length > 1 ? [...new Set(found)].sort((a, b) => a - b) : found
}

function lookInside(
  heads: Map<string, InsidePattern[]>,
  name: string,
  before: number,
  found: number[],
): void {
  const start = name.lastIndexOf('.', before - 1) + 1
  // Labels of patterns have at most 63 characters, names from events may have longer ones.
  const end = Math.min(before, start + 63)
  for (let cut = start; cut <= end; cut++) {
    for (const { pattern, numbers } of heads.get(name.slice(start, cut)) ?? []) {
      if (matchPattern(pattern, name)) found.push(...numbers)
    }
  }
}

/** Adds a number under a key. */
export function push(map: Map<string, Numbers>, key: string, number: number): void {
  const known = map.get(key)
  if (known === undefined) map.set(key, number)
  else if (typeof known === 'number') map.set(key, [known, number])
  else known.push(number)
}

export function addNumbers(to: number[], numbers: Numbers | undefined): void {
  if (typeof numbers === 'number') to.push(numbers)
  else if (numbers !== undefined) to.push(...numbers)
}
