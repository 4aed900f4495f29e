import { type LineCounter, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml'

const key = /[a-z][a-z-]*:(?= *$| *\n| +\S)/y
/** Nothing but the rest of a line that says no more. */
const end = /(?: *| +#[^\n]*)(?:\n|$)/y
const quoted = /'[\x20-\x26\x28-\x7e]*'|"[\x20-\x21\x23-\x5b\x5d-\x7e]*"/y
const word = /[A-Za-z0-9](?:[\w.*/:-]*[\w.*/-])?/y
/** Words that YAML may read as something else than a text. */
const otherThanText = /^(?:[\d.]*|\d+[a-z.].*|null|true|false)$/i

/** The lines of a document. It is left as soon as one is not plain. */
class PlainLines {
  readonly root = new YAMLMap<Scalar, Scalar | YAMLSeq<Scalar> | null>()
  readonly #source: string
  #at = 0

  constructor(source: string) {
    this.#source = source
  }

  /** Whether all of them are. */
  read(): boolean {
    const source = this.#source
    let list: YAMLSeq<Scalar> | null = null
    let indent = 0
    while (this.#at < source.length) {
      if (this.#take(end) !== null || this.#takeComment()) continue
      const from = this.#at
      while (source[this.#at] === ' ') this.#at++
      const start = this.#at
      if (source[start] === '-' && source[start + 1] === ' ' && list !== null) {
        if (list.items.length === 0) {
          indent = start - from
          list.range = [start, start, start]
        } else if (indent !== start - from) return false
        this.#at += 2
        const item = this.#scalar()
        if (item === null) return false
        list.items.push(item)
        continue
      }
      if (start !== from || list?.items.length === 0) return false
      const name = this.#take(key)
      if (name === null) return false
      const keyNode = scalar(name.slice(0, -1), start, this.#at - 1)
      list = null
      let value: Scalar | YAMLSeq<Scalar> | null
      if (this.#take(end) === null) value = this.#scalar()
      else value = list = new YAMLSeq<Scalar>()
      if (value === null) return false
      this.root.range ??= [start, start, start]
      this.root.items.push(new Pair(keyNode, value))
    }
    return this.root.items.length > 0 && list?.items.length !== 0
  }

  /** A text, number or truth value alone on the rest of its line; null: it is none of which that is certain. */
  #scalar(): Scalar | null {
    while (this.#source[this.#at] === ' ') this.#at++
    const start = this.#at
    const inQuotes = this.#take(quoted)
    const text = inQuotes ?? this.#take(word)
    if (text === null) return null
    const stop = this.#at
    if (this.#take(end) === null) return null
    if (inQuotes !== null) return scalar(text.slice(1, -1), start, stop)
    if (text === '1') return scalar(1, start, stop)
    if (text === 'true' || text === 'false') return scalar(text === 'true', start, stop)
    return isText(text) ? scalar(text, start, stop) : null
  }

  #takeComment(): boolean {
    let at = this.#at
    while (this.#source[at] === ' ') at++
    if (this.#source[at] !== '#') return false
    const stop = this.#source.indexOf('\n', at)
    this.#at = stop < 0 ? this.#source.length : stop + 1
    return true
  }

  #take(what: RegExp): string | null {
    what.lastIndex = this.#at
    if (!what.test(this.#source)) return null
    const text = this.#source.slice(this.#at, what.lastIndex)
    this.#at = what.lastIndex
    return text
  }
}

/**
 * Reads a document of keys at the left edge, each with one word or with a list of words in plain characters or in quotes, as
 * long lists of endpoints are: the parser of YAML takes ten times as long.
 * @returns the tree and lines that the parser gives; null: it holds anything else, or is no valid document
 */
export function plainDocument(source: string, lines: LineCounter): YAMLMap | null {
  if (/[\r\t]/.test(source)) return null
  const plain = new PlainLines(source)
  if (!plain.read()) return null
  for (let at = 0; ;) {
    lines.addNewLine(at)
    at = source.indexOf('\n', at) + 1
    if (at === 0) return plain.root
  }
}

/** With a colon, or dots as in an address, it is nothing else. */
function isText(text: string): boolean {
  const colon = text.indexOf(':')
  if (colon > 0) return true
  const dot = text.indexOf('.')
  if (dot > 0 && (text.indexOf('.', dot + 1) > 0 || /^[a-z]/i.test(text))) return true
  return !otherThanText.test(text)
}

function scalar(value: unknown, start: number, stop: number): Scalar {
  const node = new Scalar(value)
  node.range = [start, stop, stop]
  return node
}
