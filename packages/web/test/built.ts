import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import type { Report } from '@runwarden/events'
import { renderHtml } from '@runwarden/report'

const vite = join(dirname(fileURLToPath(import.meta.resolve('vite/package.json'))), 'bin/vite.js')

/** The page as the build makes it from the sources of now, in a folder that goes with the scope. */
export class Built implements Disposable {
  readonly template: string
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
    this.template = readFileSync(join(folder, 'report.html'), 'utf8')
  }

  static async make(): Promise<Built> {
    const folder = mkdtempSync(join(tmpdir(), 'runwarden-page-'))
    await promisify(execFile)(
      process.execPath,
      [vite, 'build', '--outDir', folder, '--logLevel', 'error'],
      {
        cwd: join(import.meta.dirname, '..'),
      },
    )
    return new Built(folder)
  }

  /** Address of a page with this report in it. */
  page(name: string, report: Report): string {
    const path = join(this.#folder, `${name}.report.html`)
    writeFileSync(path, renderHtml(report, { template: this.template }))
    return pathToFileURL(path).href
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
