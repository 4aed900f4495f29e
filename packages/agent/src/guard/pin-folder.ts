import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { markOf } from './files.ts'

/** More than one tick of the clock that files' times are taken from, ms. */
const settleMs = 100

/**
 * Whether the names below a folder of a bpffs are still there: they are listed when one of their folders was changed. Its ctime says
 * so, but not when it was changed twice in one tick of the clock; so they are listed once more behind that.
 */
export class PinFolder {
  readonly #path: string
  #names: string[] = []
  #folders: string[] = []
  #marks = ''
  /** When the folders were first seen like this, as performance.now() tells it. */
  #since = 0
  #settled = false

  constructor(path: string) {
    this.#path = path
    this.note()
  }

  /** Takes the names that are there now for those that should be. */
  note(): void {
    this.#names = namesBelow(this.#path)
    this.#folders = [
      ...new Set([this.#path, ...this.#names.map((name) => dirname(join(this.#path, name)))]),
    ]
    this.#marks = ''
    this.#settled = false
  }

  /** How many names are gone. */
  missing(): number {
    const marks = this.#folders.map((folder) => markOf(folder)).join()
    if (marks !== this.#marks) {
      this.#marks = marks
      this.#since = performance.now()
      this.#settled = false
    }
    if (this.#settled) return 0
    const unchanged = performance.now() - this.#since
    const there = new Set(namesBelow(this.#path))
    const missing = this.#names.filter((name) => !there.has(name)).length
    this.#settled = missing === 0 && unchanged > settleMs
    return missing
  }
}

/** Paths below a folder; none when it is gone. */
function namesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
  } catch {
    return []
  }
}
