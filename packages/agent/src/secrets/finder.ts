import type { SecretInFile } from './artifact-contract.ts'
import { markOf } from './mark.ts'
import type { Scanner } from './scanner.ts'

/** Scanned at once, and its end again with what follows: a secret, or what it is encoded in, may be on the border. */
const PART = 4 << 20
const OVERLAP = 64 << 10
/** Of one uploaded file. */
const MOST_FOUND = 200

/** What is looked for, and what was found of it in one uploaded file. */
export interface Search {
  /** Knows values as latin1 text: what is read is taken byte by byte. */
  scanner: Scanner
  /** Of the hashes. */
  key: Uint8Array
  found: SecretInFile[]
  /** There are more than are told. */
  many?: boolean
}

/** Where something is that is scanned. */
export interface FoundPlace {
  /** What it was unpacked from, outermost first. */
  forms: readonly string[]
  /** Of a file in an archive, its name there. */
  entry: string
}

/** Scans a file in parts, and tells each secret once. */
export class Finder {
  readonly #search: Search
  readonly #place: FoundPlace
  readonly #told = new Set<string>()
  #waiting: Buffer[] = []
  #bytes = 0
  #line = 1

  constructor(search: Search, place: FoundPlace) {
    this.#search = search
    this.#place = place
  }

  /** @param chunk is kept until it has been scanned: not to be changed */
  add(chunk: Buffer): void {
    this.#waiting.push(chunk)
    this.#bytes += chunk.length
    if (this.#bytes >= PART) this.#scan(OVERLAP)
  }

  end(): void {
    this.#scan(0)
  }

  /** @param kept bytes at the end that are scanned again with what follows */
  #scan(kept: number): void {
    const { scanner, key, found } = this.#search
    const { forms: unpacked, entry } = this.#place
    const part = Buffer.concat(this.#waiting)
    const text = part.toString('latin1')
    for (const secret of scanner.scan(text, Date.now())) {
      const { kind, form, proven, value, offset } = secret
      const forms = form === 'plain' ? unpacked : [...unpacked, form]
      const one: SecretInFile = {
        kind,
        form: forms.join(' of ') || 'plain',
        proven,
        line: this.#line + lines(part.subarray(0, offset)),
        hash: markOf(Buffer.from(value, 'latin1'), key),
        entry,
      }
      const once = `${one.hash} ${one.form}`
      if (this.#told.has(once)) continue
      if (found.length >= MOST_FOUND) {
        this.#search.many = true
        break
      }
      this.#told.add(once)
      found.push(one)
    }
    const rest = part.subarray(part.length - kept)
    this.#line += lines(part.subarray(0, part.length - kept))
    this.#waiting = [Buffer.from(rest)]
    this.#bytes = rest.length
  }
}

/** Ends of lines in it. */
function lines(bytes: Buffer): number {
  let count = 0
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count++
  return count
}
