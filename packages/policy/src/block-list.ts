import type { AddressBlock } from './address.ts'
import { formatBlock, readAddress } from './address.ts'
import { readBlock } from './endpoint-parts.ts'
import { PolicyError, refuse } from './error.ts'
import type { Problem, Where } from './error.ts'
import { endsInNumber, readName } from './host-name.ts'
import { nearestEndpoint } from './nearest-endpoint.ts'
import { nearestWord } from './nearest-word.ts'
import { positionsOf } from './json-position.ts'
import type { JsonPositions } from './json-position.ts'

/** One known-bad name, wildcard or address block, and why it is known. */
export interface BlockEntry {
  /** Canonical: lower case A-labels, or an address block. */
  readonly value: string
  readonly reason: string
  /** Where one reads more. */
  readonly reference?: string
  /** Day or time (ISO 8601). Who keeps a list leaves out what has expired: what stands in it is enforced. */
  readonly added?: string
  readonly expires?: string
}

interface BlockedAddress extends BlockEntry {
  readonly block: AddressBlock
}

/** The global list of known-bad destinations; enforced in every mode, over every allow. */
export interface BlockList {
  readonly file: string
  readonly domains: readonly BlockEntry[]
  readonly wildcards: readonly BlockEntry[]
  readonly addresses: readonly BlockedAddress[]
}

const lists = ['domains', 'wildcards', 'addresses'] as const
type ListName = (typeof lists)[number]
const notes = ['version', 'updated', 'description']
const entryNotes = ['reference', 'added', 'expires'] as const
const entryKeys = ['value', 'reason', ...entryNotes]

/** A list with this many problems is another kind of file. */
const mostProblems = 50

/** Where in the JSON something is: keys and indices from the top. */
type Path = readonly (string | number)[]

/**
 * Reads a block list: a JSON object with `domains`, `wildcards` (`*.example.org`) and `addresses`
 * (addresses and CIDR blocks), each a list of `{"value": …, "reason": …}`, which may have `reference`, `added` and
 * `expires`; `version` (1), `updated` and `description` may stand beside them.
 * @throws PolicyError with every invalid entry: a list that is wrong in one place is refused whole,
 *   so that a damaged feed is never half a feed.
 */
export function parseBlockList(text: string, file: string): BlockList {
  const source = text.startsWith('\ufeff') ? text.slice(1) : text
  let data: unknown
  try {
    data = JSON.parse(source)
  } catch {
    throw new PolicyError([syntaxProblem(source, file)])
  }
  return new Reader(source, file).read(data)
}

function syntaxProblem(source: string, file: string): Problem {
  const { fault } = positionsOf(source)
  const place = fault ?? { line: 1, column: 1, text: '' }
  return { ...place, file, what: 'is no valid JSON here', nearest: null }
}

class Reader {
  readonly #source: string
  readonly #file: string
  readonly #problems: Problem[] = []
  #positions: JsonPositions | null = null

  constructor(source: string, file: string) {
    this.#source = source
    this.#file = file
  }

  read(data: unknown): BlockList {
    const out = {
      domains: [] as BlockEntry[],
      wildcards: [] as BlockEntry[],
      addresses: [] as BlockedAddress[],
    }
    if (!isRecord(data)) {
      this.#problem([], 'a block list is a JSON object with domains, wildcards and addresses', null)
    } else {
      this.#keys(data, [], [...lists, ...notes])
      if ('version' in data && data['version'] !== 1)
        this.#problem(['version'], 'only version 1 is known', '1')
      for (const list of lists) {
        const entries = data[list]
        if (entries === undefined) continue
        // JSON.parse keeps only the last of several: entries would be lost without a word.
        if ((this.#source.match(new RegExp(`"${list}"\\s*:`, 'g'))?.length ?? 0) > 1) {
          this.#problem([list], 'stands here more than once: keep one', null, list)
        }
        if (!Array.isArray(entries)) {
          this.#problem([list], 'is a list of {"value": …, "reason": …}', null)
          continue
        }
        for (const [i, entry] of entries.entries()) {
          if (this.#problems.length >= mostProblems) break
          this.#entry(list, entry, [list, i], out)
        }
      }
      if (!lists.some((list) => list in data)) {
        this.#problem([], 'has none of domains, wildcards and addresses', null)
      }
    }
    refuse(this.#problems)
    return { file: this.#file, ...out }
  }

  #entry(
    list: ListName,
    entry: unknown,
    path: Path,
    out: { domains: BlockEntry[]; wildcards: BlockEntry[]; addresses: BlockedAddress[] },
  ): void {
    if (!isRecord(entry)) {
      this.#problem(path, 'an entry is an object {"value": …, "reason": …}', null)
      return
    }
    this.#keys(entry, path, entryKeys)
    const { value, reason } = entry
    if (typeof reason !== 'string' || reason.trim() === '') {
      this.#problem(
        'reason' in entry ? [...path, 'reason'] : path,
        'an entry needs a reason: a text that is not empty',
        null,
      )
    }
    if (typeof value !== 'string') {
      this.#problem(
        'value' in entry ? [...path, 'value'] : path,
        'an entry needs a value: a text',
        null,
      )
      return
    }
    const said = {
      reason: typeof reason === 'string' ? reason : '',
      ...this.#notes(entry, path),
    }
    if (list === 'addresses') {
      const block = readBlock(value, value.includes(':') ? 6 : 4)
      if (typeof block === 'string') {
        const nearest = nearestHost(value)
        const near = nearest !== null && readAddress(nearest.split('/')[0] ?? '') !== null
        this.#problem([...path, 'value'], block, near ? nearest : null)
      } else out.addresses.push({ value: formatBlock(block), ...said, block })
      return
    }
    const result = readName(value)
    if ('what' in result) {
      this.#problem([...path, 'value'], result.what, nearestHost(value))
    } else if (endsInNumber(result.name)) {
      this.#problem([...path, 'value'], 'is an address: it belongs in "addresses"', null)
    } else if (list === 'domains' && result.name.includes('*')) {
      this.#problem([...path, 'value'], 'is a wildcard: it belongs in "wildcards"', null)
    } else if (list === 'wildcards' && !result.name.includes('*')) {
      this.#problem(
        [...path, 'value'],
        'has no wildcard: it belongs in "domains"',
        `*.${result.name}`,
      )
    } else {
      out[list].push({ value: result.name, ...said })
    }
  }

  /** What an entry may say beside its reason. */
  #notes(
    entry: Record<string, unknown>,
    path: Path,
  ): Partial<Record<(typeof entryNotes)[number], string>> {
    const notes: Partial<Record<(typeof entryNotes)[number], string>> = {}
    for (const key of entryNotes) {
      const text = entry[key]
      if (text === undefined) continue
      if (typeof text !== 'string' || text.trim() === '')
        this.#problem([...path, key], 'is a text that is not empty', null)
      else if (key !== 'reference' && !isTime(text))
        this.#problem(
          [...path, key],
          'is a day or a time, as 2026-08-01 or 2026-08-01T12:00:00Z',
          null,
        )
      else notes[key] = text
    }
    return notes
  }

  #keys(data: Record<string, unknown>, path: Path, known: readonly string[]): void {
    for (const key of Object.keys(data)) {
      if (!known.includes(key)) {
        this.#problem(
          [...path, key],
          `is no key here: ${known.join(', ')} are`,
          nearestWord(key, known),
          key,
        )
      }
    }
  }

  #problem(path: Path, what: string, nearest: string | null, text?: string): void {
    this.#positions ??= positionsOf(this.#source)
    const place = this.#positions.at(path, text === undefined ? 'value' : 'key')
    const where: Where = { file: this.#file, line: place.line, column: place.column }
    this.#problems.push({ ...where, text: text ?? place.text, what, nearest })
  }
}

/** The host of the nearest endpoint, without port and brackets. */
function nearestHost(text: string): string | null {
  const nearest = nearestEndpoint(text)
  return nearest === null ? null : nearest.replace(/:[\d-]+$/, '').replace(/^\[(.*)\]$/, '$1')
}

function isTime(text: string): boolean {
  const shape = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2}))?$/
  return shape.test(text) && !Number.isNaN(Date.parse(text))
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
