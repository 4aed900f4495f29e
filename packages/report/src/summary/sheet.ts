import { grouped } from '../wording.ts'

/** Kept back for the sentences that say what was cut. */
const RESERVE = 2_000
/** A table takes at most one part in so many of the room that is left. */
const SHARE = 4

/** Rows of a table: as many as there are, made as they are taken. */
export interface Rows extends Iterable<readonly string[]> {
  readonly length: number
}

/** The rows of items. Most of many are never shown, and cost nothing then. */
export function rowsOf<Item>(items: readonly Item[], cells: (item: Item) => string[]): Rows {
  return {
    length: items.length,
    *[Symbol.iterator]() {
      for (const item of items) yield cells(item)
    },
  }
}

/** Markdown that grows to a limit in bytes of UTF-8, and says what found no room. */
export class Sheet {
  readonly #parts: string[] = []
  #left: number

  constructor(limit: number) {
    this.#left = limit - RESERVE
  }

  /** A block with a blank line after it; false: it found no room. */
  add(block: string): boolean {
    const text = `${block}\n`
    const size = Buffer.byteLength(text)
    if (size > this.#left) return false
    this.#left -= size
    this.#parts.push(text)
    return true
  }

  /** A table of at most `most` rows, or as many as there is room for; nothing when there are no rows. */
  table(title: string, header: readonly string[], rows: Rows, most: number): void {
    this.#rows(`${title}\n`, header, rows, most, '')
  }

  /** The same, closed until somebody opens it. */
  foldedTable(title: string, header: readonly string[], rows: Rows, most: number): void {
    const summary = `${title} (${grouped(rows.length)})`
    const opening = `<details><summary>${summary}</summary>\n`
    this.#rows(opening, header, rows, most, '\n</details>')
  }

  #rows(
    opening: string,
    header: readonly string[],
    rows: Rows,
    most: number,
    closing: string,
  ): void {
    if (rows.length === 0) return
    const lines = [opening, row(header), row(header.map(() => '---'))]
    let size = 200 + Buffer.byteLength(lines.join('\n'))
    // So that what comes behind has room as well.
    const room = this.#left / SHARE
    let shown = 0
    for (const cells of rows) {
      if (shown === most) break
      const line = row(cells)
      size += Buffer.byteLength(line) + 1
      if (size > room) break
      lines.push(line)
      shown += 1
    }
    if (shown < rows.length)
      lines.push('', `… and ${grouped(rows.length - shown)} more, see report.html.`)
    this.add(`${lines.join('\n')}\n${closing === '' ? '' : `${closing}\n`}`)
  }

  toString(): string {
    return this.#parts.join('')
  }
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}
