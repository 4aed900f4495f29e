import { isAlias, isMap, isScalar, isSeq } from 'yaml'
import type { LineCounter } from 'yaml'
import type { Problem, Where } from './error.ts'
import { nearestWord } from './nearest-word.ts'

/** Characters of the document that a message can show; a longer text is no endpoint either. */
const longestText = 1200

/** Problems that are told with the nearest right word: finding it takes longer than the reading, and messages show no more. */
const mostHints = 50

/** A node of the YAML tree as the readers use it: anything with a range. */
interface Ranged {
  readonly range?: readonly [number, number, number] | null | undefined
}

/** One key of a mapping with its value. */
export interface Entry {
  readonly key: string
  readonly keyNode: Ranged
  readonly value: unknown
}

/**
 * The YAML tree of one document with the places of its nodes. Each method notes a problem and
 * gives null where the tree is not as it should be, so that one reading finds all problems.
 */
export class DocumentReader {
  readonly problems: Problem[] = []
  readonly source: string
  readonly file: string
  readonly #lines: LineCounter

  constructor(source: string, file: string, lines: LineCounter) {
    this.source = source
    this.file = file
    this.#lines = lines
  }

  where(offset: number): Where {
    const { line, col } = this.#lines.linePos(Math.max(0, Math.min(offset, this.source.length)))
    return { file: this.file, line: Math.max(1, line), column: Math.max(1, col) }
  }

  whereOf(node: unknown): Where {
    return this.where(rangeOf(node)[0])
  }

  problem(node: unknown, what: string, nearest: string | null = null, text?: string): void {
    this.problems.push({ ...this.whereOf(node), text: text ?? this.textOf(node), what, nearest })
  }

  /** The word that was probably meant; null: none is near, or there are many problems already. */
  nearest(text: string, words: readonly string[]): string | null {
    return this.problems.length < mostHints ? nearestWord(text, words) : null
  }

  /** The node's text: its value when it is a text, else its first line as it stands. */
  textOf(node: unknown): string {
    if (isScalar(node) && typeof node.value === 'string') return node.value
    const [start, end] = rangeOf(node)
    return firstLine(this.source.slice(start, Math.min(end, start + longestText))).trim()
  }

  /** From the node to the end of its line, without the comment. */
  restOfLine(node: unknown): string {
    const [start] = rangeOf(node)
    const line = firstLine(this.source.slice(start, start + longestText))
    const comment = line.search(/\s#/)
    return (comment < 0 ? line : line.slice(0, comment)).trim()
  }

  /** Keys and values of a mapping; `known` keys only, each once. */
  entries(
    node: unknown,
    known: readonly string[],
    alias: Readonly<Record<string, string>> = {},
  ): Entry[] {
    if (!isMap(node)) return []
    this.#plain(node)
    const seen = new Set<string>()
    const entries: Entry[] = []
    for (const { key: keyNode, value } of node.items) {
      if (!isScalar(keyNode) || typeof keyNode.value !== 'string') {
        this.problem(keyNode, 'a key is a plain text')
        continue
      }
      this.#plain(keyNode)
      const key = keyNode.value
      if (!known.includes(key)) {
        this.problem(
          keyNode,
          `is no key here: ${known.join(', ')} are`,
          alias[key] ?? this.nearest(key, known),
        )
      } else if (seen.has(key)) {
        this.problem(keyNode, 'stands here a second time: keep one')
      } else {
        seen.add(key)
        entries.push({ key, keyNode, value })
      }
    }
    return entries
  }

  /** The items of a list. No value at all is an empty list. */
  items(entry: Entry, what: string): readonly unknown[] | null {
    const { value } = entry
    if (value === null || (isScalar(value) && value.value === null)) return []
    if (!isSeq(value)) {
      this.problem(
        isEmpty(value) ? entry.keyNode : value,
        `${entry.key} is a list ${what}`,
        this.#asList(value),
      )
      return null
    }
    this.#plain(value)
    return value.items
  }

  /** A list of texts that is not empty. */
  texts(entry: Entry, what: string): { text: string; node: unknown }[] {
    const items = this.items(entry, what)
    if (items?.length === 0)
      this.problem(entry.keyNode, `is empty: leave ${entry.key} out, or name something`)
    const texts: { text: string; node: unknown }[] = []
    for (const node of items ?? []) {
      const text = this.text(node)
      if (text !== null) texts.push({ text, node })
    }
    return texts
  }

  /** A text; numbers and truth values are none. */
  text(node: unknown): string | null {
    if (isAlias(node)) {
      this.problem(
        node,
        'YAML reads a "*" or "&" in front as a reference: put the text in quotes',
        `'${this.restOfLine(node)}'`,
        this.restOfLine(node),
      )
      return null
    }
    if (!isScalar(node)) {
      this.problem(node, 'is a list or mapping where a text is needed')
      return null
    }
    this.#plain(node)
    if (typeof node.value === 'string') {
      if (node.value.trim() !== '') return node.value
      this.problem(node, 'is empty', null, '')
      return null
    }
    if (node.value === null) this.problem(node, 'is empty', null, '')
    else
      this.problem(
        node,
        `is a ${typeof node.value} where a text is needed: put it in quotes if it is meant`,
      )
    return null
  }

  flag(entry: Entry): boolean | null {
    const { value } = entry
    if (isScalar(value) && typeof value.value === 'boolean') {
      this.#plain(value)
      return value.value
    }
    const text = isScalar(value) ? String(value.value).toLowerCase() : ''
    const nearest = /^(yes|on|1|y|true|t)$/.test(text)
      ? 'true'
      : /^(no|off|0|n|false|f)$/.test(text)
        ? 'false'
        : null
    this.problem(isEmpty(value) ? entry.keyNode : value, `${entry.key} is true or false`, nearest)
    return null
  }

  choice<T extends string>(
    entry: Entry,
    choices: readonly T[],
    alias: Readonly<Record<string, T>> = {},
  ): T | null {
    const { value } = entry
    const text = isScalar(value) ? String(value.value) : null
    const choice = choices.find((word) => word === text)
    if (choice !== undefined && isScalar(value)) {
      this.#plain(value)
      return choice
    }
    const nearest =
      text === null ? null : (alias[text.toLowerCase()] ?? this.nearest(text, choices))
    this.problem(
      isEmpty(value) ? entry.keyNode : value,
      `${entry.key} is ${choices.join(' or ')}`,
      nearest,
    )
    return null
  }

  /** Anchors and tags have no use in a policy, and hide what it says. */
  #plain(node: { anchor?: string | undefined; tag?: string | undefined }): void {
    if (node.anchor !== undefined) {
      this.problem(
        node,
        `the anchor "&${node.anchor}" is not used in a policy: write the values out, or put the text in quotes`,
      )
    }
    if (node.tag !== undefined)
      this.problem(node, `the tag "${node.tag}" is not used in a policy: leave it out`)
  }

  #asList(value: unknown): string | null {
    if (!isScalar(value) || typeof value.value !== 'string' || /[\s,[\]{}]/.test(value.value))
      return null
    return `[${/^[a-z0-9./_-]+$/i.test(value.value) ? value.value : `'${value.value}'`}]`
  }
}

function firstLine(text: string): string {
  const end = text.search(/[\r\n]/)
  return end < 0 ? text : text.slice(0, end)
}

function isEmpty(node: unknown): boolean {
  return node === null || node === undefined || (isScalar(node) && node.value === null)
}

function rangeOf(node: unknown): readonly [number, number, number] {
  const range =
    typeof node === 'object' && node !== null && 'range' in node ? (node as Ranged).range : null
  return range ?? [0, 0, 0]
}
