/** A place in a JSON text, with the text that stands there. */
interface JsonPlace {
  readonly line: number
  readonly column: number
  readonly text: string
}

/** Places of the values of a JSON text; `fault` is where it stops being JSON. */
export interface JsonPositions {
  readonly fault: JsonPlace | null
  /** Where the value at a path of keys and indices is; the nearest value above it when it is not there. */
  at(path: readonly (string | number)[], part?: 'key' | 'value'): JsonPlace
}

interface Node {
  /** Where its key begins; without one, as `start`. */
  key: number
  readonly start: number
  end: number
  readonly children: Map<string | number, Node>
}

/** Deeper than any block list; guards the stack. */
const deepest = 64

/**
 * Reads a JSON text for the places of its values. Only used once a text is known to be wrong:
 * JSON.parse is many times quicker, but tells no places.
 */
export function positionsOf(source: string): JsonPositions {
  const scanner = new Scanner(source)
  const root = scanner.scan()
  const starts = lineStarts(source)
  return {
    fault: scanner.fault === null ? null : place(source, starts, scanner.fault, scanner.fault + 1),
    at(path, part = 'value') {
      let node = root
      for (const step of path) {
        const child = node.children.get(step)
        if (child === undefined) break
        node = child
      }
      return place(source, starts, part === 'key' ? node.key : node.start, node.end)
    },
  }
}

function lineStarts(source: string): number[] {
  const starts = [0]
  for (let at = source.indexOf('\n'); at >= 0; at = source.indexOf('\n', at + 1))
    starts.push(at + 1)
  return starts
}

function place(source: string, starts: readonly number[], start: number, end: number): JsonPlace {
  let line = 0
  for (let high = starts.length; line + 1 < high;) {
    const middle = (line + high) >> 1
    if ((starts[middle] ?? 0) <= start) line = middle
    else high = middle
  }
  const raw = source.slice(start, Math.min(end, start + 1200))
  let text = raw.slice(0, 200)
  try {
    const value: unknown = JSON.parse(raw)
    if (typeof value === 'string') text = value
  } catch {
    // What stands there is no whole value: shown as it is.
  }
  const column = start - (starts[line] ?? 0) + 1
  return { line: line + 1, column, text: text.replaceAll(/\s+/g, ' ').trim() }
}

class Scanner {
  fault: number | null = null
  readonly #source: string
  #at = 0

  constructor(source: string) {
    this.#source = source
  }

  scan(): Node {
    const root = this.#value(0)
    this.#blanks()
    if (this.#at < this.#source.length) this.#stop()
    return root
  }

  #value(depth: number): Node {
    this.#blanks()
    const node: Node = { key: this.#at, start: this.#at, end: this.#at, children: new Map() }
    const first = this.#source[this.#at]
    if (depth > deepest) this.#stop()
    else if (first === '{') this.#members(node, depth)
    else if (first === '[') this.#items(node, depth)
    else if (first === '"') this.#string()
    else if (!this.#token(/-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?|true|false|null/y)) this.#stop()
    node.end = this.#at
    return node
  }

  #members(node: Node, depth: number): void {
    this.#at++
    if (this.#take('}')) return
    for (;;) {
      this.#blanks()
      const start = this.#at
      const key = this.#string()
      if (!this.#take(':')) return this.#stop()
      const child = this.#value(depth + 1)
      if (this.fault !== null) return
      child.key = start
      node.children.set(key, child)
      if (this.#take('}')) return
      if (!this.#take(',')) return this.#stop()
    }
  }

  #items(node: Node, depth: number): void {
    this.#at++
    if (this.#take(']')) return
    for (let i = 0; ; i++) {
      node.children.set(i, this.#value(depth + 1))
      if (this.fault !== null) return
      if (this.#take(']')) return
      if (!this.#take(',')) return this.#stop()
    }
  }

  #string(): string {
    const start = this.#at
    if (this.#source[start] !== '"') {
      this.#stop()
      return ''
    }
    // Not by a regular expression: a long text would be a deep stack of choices.
    for (let at = start + 1; at < this.#source.length; at++) {
      const char = this.#source[at] ?? ''
      if (char === '"') {
        this.#at = at + 1
        return this.#unescape(start)
      }
      if (char < ' ') {
        this.#at = at
        break
      }
      if (char === '\\') at++
    }
    this.#stop()
    return ''
  }

  #unescape(start: number): string {
    try {
      return JSON.parse(this.#source.slice(start, this.#at)) as string
    } catch {
      this.#at = start
      this.#stop()
      return ''
    }
  }

  #token(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#source)
    if (match === null) return false
    this.#at += match[0].length
    return true
  }

  #take(char: string): boolean {
    this.#blanks()
    if (this.fault !== null || this.#source[this.#at] !== char) return false
    this.#at++
    return true
  }

  #blanks(): void {
    this.#token(/[ \t\r\n]*/y)
  }

  #stop(): void {
    this.fault ??= this.#at
  }
}
