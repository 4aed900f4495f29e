import { isExample, type Shape, shapes } from './shapes.ts'

/** A secret in a text. */
export interface FoundSecret {
  kind: string
  /** How it was written: outermost first, e.g. `base64 of base64`; `plain`. */
  form: string
  /** Its checksum or structure says that it is one, or it was named as one. */
  proven: boolean
  /** The secret itself: to be hashed, and let go of. */
  value: string
  /** Where, in the text that was scanned. */
  offset: number
}

/** A value that was named as a secret. */
export interface KnownSecret {
  name: string
  value: string
  /** The CI system takes it out of the log as it is, in base64 and percent-encoded. */
  masked: boolean
}

/** Codes within codes that are undone. */
const DEPTH = 3
/** Of one text and all that is decoded of it; a secret is hidden in less. */
const MOST_FOUND = 64
/** Characters of a named secret at least: shorter ones are in any text. */
export const shortestSecret = 6
/** Named secrets at most: a job can name as many as it likes. */
export const mostSecrets = 2000
/** Longer ones are looked for by their lines. */
const longestSecret = 8192

const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)
const reversed = (text: string): string => text.split('').toReversed().join('')
const isWord = (char: string | undefined): boolean => char !== undefined && /\w/.test(char)

const byMark = new Map<string, Shape>(
  shapes.flatMap((shape) => shape.marks.map((mark) => [mark, shape] as const)),
)
const marks = new RegExp([...byMark.keys()].map(escaped).join('|'), 'g')
const backMarks = new RegExp(
  [...byMark.keys()].map((mark) => escaped(reversed(mark))).join('|'),
  'g',
)
/** The longest secret with a mark, a private key, is before its reversed mark within so many characters. */
const BACK = 8192

/** Without a place to go on from: quick to say that there is none. */
const anyMark = new RegExp(marks.source)
/** As long as base64 of the shortest secret with a mark. */
const longRun = /[A-Za-z0-9+/_-]{48,}={0,2}/g

/** A run of base64, also over lines as base64(1) breaks it; of hexadecimal digits, as xxd(1) does. */
const base64Run = /[A-Za-z0-9+/_-]{16,}(?:\r?\n[A-Za-z0-9+/_-]+)*/g
const hexRun = /(?:[0-9a-fA-F]{2}){8,}(?:\r?\n(?:[0-9a-fA-F]{2})+)*/g
const percentCode = /%[0-9a-fA-F]{2}/g
/** Single characters with the same thing between them. */
const spacedRun = /[\w+/=.:-](?:([ ,|\t\n]|\r\n)[\w+/=.:-])(?:\1[\w+/=.:-]){12,}/g

/** Finds secrets in texts, in time that grows with their length only. */
export class Scanner {
  readonly #known = new Map<string, KnownSecret>()
  /** Undefined: to be made of what is known. */
  #values: RegExp | undefined
  #shortest = Infinity

  /** @param secrets values to be found in any form; those beyond `mostSecrets` are not */
  know(secrets: readonly KnownSecret[]): void {
    for (const secret of secrets) {
      const { value } = secret
      if (value.length < shortestSecret || value.length > longestSecret) continue
      if (this.#known.size >= 2 * mostSecrets) return
      this.#known.set(value, secret)
      this.#known.set(reversed(value), secret)
      this.#shortest = Math.min(this.#shortest, value.length)
      this.#values = undefined
    }
  }

  /** @param now milliseconds since the epoch: who has expired by then is none any more */
  scan(text: string, now: number): FoundSecret[] {
    const found: FoundSecret[] = []
    this.#look(text, [], 0, { now, found })
    return found
  }

  #look(text: string, forms: readonly string[], from: number, all: Looking): void {
    if (all.found.length >= MOST_FOUND) return
    this.#plain(text, forms, from, all)
    const within = (decoded: string, form: string, at: number): void => {
      this.#look(decoded, [...forms, form], forms.length === 0 ? at : from, all)
    }
    if (forms.length >= DEPTH) return
    for (const run of text.matchAll(base64Run)) {
      const decoded = readable(Buffer.from(run[0], 'base64'))
      if (decoded !== null) within(decoded, 'base64', run.index)
    }
    for (const run of text.matchAll(hexRun)) {
      const decoded = readable(Buffer.from(run[0].replaceAll(/\s/g, ''), 'hex'))
      if (decoded !== null) within(decoded, 'hexadecimal', run.index)
    }
    for (const run of text.matchAll(spacedRun))
      within(run[0].replaceAll(run[1] ?? '', ''), 'separated', run.index)
    if (forms.at(-1) === 'percent-encoded') return
    for (const [line, at] of linesWith(percentCode, text)) {
      const decoded = line.replaceAll(percentCode, (code) =>
        String.fromCharCode(parseInt(code.slice(1), 16)),
      )
      within(decoded, 'percent-encoded', at)
    }
  }

  #plain(text: string, forms: readonly string[], from: number, all: Looking): void {
    const at = (offset: number): number => (forms.length === 0 ? offset : from)
    const name = (extra?: string): string =>
      [...forms, ...(extra === undefined ? [] : [extra])].join(' of ') || 'plain'
    for (const { 0: mark, index } of text.matchAll(marks)) {
      const value = tokenAt(text, index, mark, all.now)
      if (value !== null) all.found.push({ ...value, form: name(), offset: at(index) })
    }
    for (const [begin, to] of placesOf(backMarks, text)) {
      const back = reversed(text.slice(begin, to))
      for (const { 0: mark, index } of back.matchAll(marks)) {
        const value = tokenAt(back, index, mark, all.now)
        if (value === null) continue
        const offset = at(to - index - value.value.length)
        all.found.push({ ...value, form: name('reversed'), offset })
      }
    }
    if (text.length < this.#shortest) return
    this.#values ??= anyOf(this.#known.keys())
    for (const { 0: written, index } of text.matchAll(this.#values)) {
      const secret = this.#known.get(written)
      if (secret === undefined) continue
      const { value, masked } = secret
      const form = name(written === value ? undefined : 'reversed')
      if (masked && maskedForms.has(form)) continue
      const kind = `known-secret ${secret.name}`
      all.found.push({ kind, form, proven: true, value, offset: at(index) })
    }
  }
}

/**
 * A text for a record: in place of secrets that say by themselves that they are some, plain or in base64, stands their kind in
 * brackets. In time that grows with its length only.
 */
export function withoutSecrets(text: string, now: number): string {
  const shown = text.replaceAll(longRun, (run) => {
    const decoded = readable(Buffer.from(run, 'base64'))
    const [found] = decoded === null ? [] : secretsIn(decoded, now)
    return found === undefined ? run : `[base64 of ${found.kind}]`
  })
  let result = ''
  let from = 0
  for (const { kind, index, value } of secretsIn(shown, now)) {
    if (index < from) continue
    result += `${shown.slice(from, index)}[${kind}]`
    from = index + value.length
  }
  return from === 0 ? shown : result + shown.slice(from)
}

function* secretsIn(text: string, now: number) {
  if (!anyMark.test(text)) return
  for (const { 0: mark, index } of text.matchAll(marks)) {
    const found = secretAt(text, index, mark, now)
    if (found !== null) yield { kind: found.shape.kind, index, value: found.value }
  }
}

/** The longest first: a shorter one within it would leave its ends. */
function anyOf(texts: Iterable<string>): RegExp {
  const longest = [...texts].toSorted((a, b) => b.length - a.length)
  return new RegExp(longest.map(escaped).join('|'), 'g')
}

/** Lines in which the pattern is, each with where it begins. */
function* linesWith(pattern: RegExp, text: string): Generator<[line: string, at: number]> {
  let end = -1
  for (const { index } of text.matchAll(pattern)) {
    if (index <= end) continue
    const begin = text.lastIndexOf('\n', index) + 1
    end = text.indexOf('\n', index)
    if (end < 0) end = text.length
    yield [text.slice(begin, end), begin]
  }
}

/** Where reversed secrets with these marks at their ends can be: places that do not overlap. */
function* placesOf(pattern: RegExp, text: string): Generator<[from: number, to: number]> {
  let from = 0
  let to = 0
  for (const { 0: mark, index } of text.matchAll(pattern)) {
    if (index - BACK > to) {
      if (to > 0) yield [from, to]
      from = index - BACK
    }
    // And one character more, which says whether a word begins there.
    to = index + mark.length + 1
  }
  if (to > 0) yield [from, Math.min(to, text.length)]
}

const maskedForms = new Set(['plain', 'base64', 'percent-encoded'])

interface Looking {
  now: number
  found: FoundSecret[]
}

/** The whole of it. */
function secretAt(text: string, index: number, mark: string, now: number) {
  const shape = byMark.get(mark)
  const before = text[index - 1]
  if (shape === undefined || (isWord(before) && before !== shape.after)) return null
  shape.body.lastIndex = index
  const value = shape.body.exec(text)?.[0]
  if (value === undefined) return null
  if (shape.proof === undefined ? isExample(value.slice(mark.length)) : !shape.proof(value, now))
    return null
  return { shape, value }
}

function tokenAt(text: string, index: number, mark: string, now: number) {
  const found = secretAt(text, index, mark, now)
  if (found === null) return null
  const { shape, value } = found
  return { kind: shape.kind, proven: shape.proof !== undefined, value: value.slice(0, 200) }
}

/** As text, where it is some: what is compressed, encrypted or a digest is not. */
function readable(bytes: Buffer): string | null {
  for (const byte of bytes) if (byte < 9 || (byte > 13 && byte < 32) || byte > 126) return null
  return bytes.toString('latin1')
}
