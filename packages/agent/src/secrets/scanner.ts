import { decodedIn, decodedLinesIn, type Encoding, saidBy } from './codes.ts'
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
  /** The CI system takes it out of the log as it is, in base64, percent-encoded and as it is in JSON. */
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
/** As long as base64 of the shortest secret with a mark; also over lines. */
const longRun = /(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{48,}(?:\r?\n[A-Za-z0-9+/_-]+)*={0,2}/g

/** Finds secrets in texts, in time that grows with their length only. */
export class Scanner {
  readonly #encoding: Encoding
  readonly #known = new Map<string, KnownSecret>()
  /** Undefined: to be made of what is known. */
  #values: RegExp | undefined
  #shortest = Infinity
  /** Values that were named when there were `mostSecrets`. */
  unknown = 0
  /** Texts that were not looked at to their end: there were too many secrets in them. */
  crowded = 0

  /** @param encoding of the bytes that texts and values are made of */
  constructor(encoding: Encoding = 'utf8') {
    this.#encoding = encoding
  }

  /**
   * @param secrets values to be found in any form; those beyond `mostSecrets` are not
   * @returns those that were not known, and are now
   */
  know(secrets: readonly KnownSecret[]): KnownSecret[] {
    return secrets.filter((secret) => {
      const { value } = secret
      if (value.length < shortestSecret || value.length > longestSecret) return false
      if (this.#known.get(value)?.value === value) return false
      if (this.#known.size >= 2 * mostSecrets) {
        this.unknown++
        return false
      }
      this.#known.set(value, secret)
      this.#known.set(reversed(value), secret)
      this.#shortest = Math.min(this.#shortest, value.length)
      this.#values = undefined
      return true
    })
  }

  /** @param now milliseconds since the epoch: who has expired by then is none any more */
  scan(text: string, now: number): FoundSecret[] {
    const all: Looking = { now, found: [], seen: new Set(), left: false }
    this.#look(text, { forms: [], from: 0, again: false }, all)
    if (all.left) this.crowded++
    return all.found
  }

  #look(text: string, where: Where, all: Looking): void {
    if (all.found.length >= MOST_FOUND) {
      all.left = true
      return
    }
    this.#plain(text, where, all)
    const { forms, from } = where
    if (forms.length >= DEPTH) return
    const within = (form: string, decoded: string, index: number, again: boolean): void => {
      const at = forms.length === 0 ? index : from
      this.#look(decoded, { forms: [...forms, form], from: at, again }, all)
    }
    for (const { form, text: decoded, index } of decodedIn(text, this.#encoding))
      within(form, decoded, index, where.again)
    // Of codes of single characters within one another only JSON in JSON is usual.
    const isJsonTwice = forms.indexOf('JSON-escaped') < forms.lastIndexOf('JSON-escaped')
    if (forms.at(-1) === 'percent-encoded' || isJsonTwice) return
    for (const { form, text: decoded, index } of decodedLinesIn(text, this.#encoding))
      within(form, decoded, index, true)
  }

  #plain(text: string, where: Where, all: Looking): void {
    const { forms, from, again } = where
    const add = (secret: Told, index: number, isBack: boolean, masked = false): void => {
      if (again && all.seen.has(secret.value)) return
      all.seen.add(secret.value)
      const form = (isBack ? [...forms, 'reversed'] : forms).join(' of ') || 'plain'
      if (masked && maskedForms.has(form)) return
      all.found.push({ ...secret, form, offset: forms.length === 0 ? index : from })
    }
    for (const { 0: mark, index } of text.matchAll(marks)) {
      const token = tokenAt(text, index, mark, all.now)
      if (token !== null) add(token, index, false)
    }
    for (const [begin, to] of placesOf(backMarks, text)) {
      const back = reversed(text.slice(begin, to))
      for (const { 0: mark, index } of back.matchAll(marks)) {
        const token = tokenAt(back, index, mark, all.now)
        if (token !== null) add(token, to - index - token.value.length, true)
      }
    }
    if (text.length < this.#shortest) return
    this.#values ??= anyOf(this.#known.keys())
    for (const { 0: written, index } of text.matchAll(this.#values)) {
      const secret = this.#known.get(written)
      if (secret === undefined) continue
      const { name, value, masked } = secret
      add({ kind: `known-secret ${name}`, proven: true, value }, index, written !== value, masked)
    }
  }
}

/**
 * A text for a record: in place of secrets that say by themselves that they are some, plain or in base64, stands their kind in
 * brackets. In time that grows with its length only.
 */
export function withoutSecrets(text: string, now: number): string {
  const shown = text.replaceAll(longRun, (run) => {
    const [found] = secretsIn(saidBy(run, 'base64', 'latin1'), now)
    return found === undefined ? run : `[base64 of ${found.shape.kind}]`
  })
  let result = ''
  let from = 0
  for (const { shape, index, value } of secretsIn(shown, now)) {
    if (index < from) continue
    result += `${shown.slice(from, index)}[${shape.kind}]`
    from = shape.end === undefined ? index + value.length : endOf(shape.end, shown, index)
  }
  return from === 0 ? shown : result + shown.slice(from)
}

/** Behind the first match; of what has no end, the text's own. */
function endOf(end: RegExp, text: string, from: number): number {
  end.lastIndex = from
  return end.test(text) ? end.lastIndex : text.length
}

function* secretsIn(text: string, now: number) {
  if (!anyMark.test(text)) return
  for (const { 0: mark, index } of text.matchAll(marks)) {
    const found = secretAt(text, index, mark, now)
    if (found !== null) yield { ...found, index }
  }
}

/** The longest first: a shorter one within it would leave its ends. */
function anyOf(texts: Iterable<string>): RegExp {
  const longest = [...texts].toSorted((a, b) => b.length - a.length)
  return new RegExp(longest.map(escaped).join('|'), 'g')
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

const maskedForms = new Set(['plain', 'base64', 'percent-encoded', 'JSON-escaped'])

interface Looking {
  now: number
  found: FoundSecret[]
  /** What was found so far, also what is masked. */
  seen: Set<string>
  /** There were so many that not all was looked at. */
  left: boolean
}

/** What is looked at. */
interface Where {
  /** What it was decoded from, outermost first. */
  forms: readonly string[]
  /** Where that is in the text that is scanned. */
  from: number
  /** Most of it has been looked at as it was before: what was seen there is not told once more. */
  again: boolean
}

type Told = Omit<FoundSecret, 'form' | 'offset'>

/** The end of a code of one character: what follows it begins a word. */
const codeEnd = /(?:\\[abefnrtv0]|\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|%[0-9a-f]{2})$/i

/** Whether what begins here may be a secret, for what stands before. */
function mayBegin(text: string, index: number, { anywhere, proof }: Shape): boolean {
  const before = text[index - 1]
  return (
    anywhere === true ||
    !isWord(before) ||
    // As in names of variables, of which those that prove nothing are often parts.
    (before === '_' && proof !== undefined) ||
    codeEnd.test(text.slice(Math.max(0, index - 6), index))
  )
}

/** The whole of it. */
function secretAt(text: string, index: number, mark: string, now: number) {
  const shape = byMark.get(mark)
  if (shape === undefined || !mayBegin(text, index, shape)) return null
  shape.body.lastIndex = index
  const value = shape.body.exec(text)?.[0]
  if (value === undefined) return null
  if (shape.proof === undefined ? isExample(value.slice(mark.length)) : !shape.proof(value, now))
    return null
  return { shape, value }
}

function tokenAt(text: string, index: number, mark: string, now: number): Told | null {
  const found = secretAt(text, index, mark, now)
  if (found === null) return null
  const { shape, value } = found
  const essence = shape.essence?.(value) ?? value
  return { kind: shape.kind, proven: shape.proof !== undefined, value: essence.slice(0, 200) }
}
