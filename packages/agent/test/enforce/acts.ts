import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const sources = join(import.meta.dirname, 'acts')

/** The compiled programs of acts/. */
export class Acts implements Disposable {
  readonly #dir = mkdtempSync(join(tmpdir(), 'enforce-acts-'))

  constructor() {
    for (const name of ['act', 'wire', 'peer']) {
      execFileSync('gcc', ['-O2', '-o', this.path(name), join(sources, `${name}.c`)])
    }
  }

  path(name: string): string {
    return join(this.#dir, name)
  }

  [Symbol.dispose](): void {
    rmSync(this.#dir, { recursive: true, force: true })
  }
}
