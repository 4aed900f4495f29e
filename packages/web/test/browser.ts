import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { Connection } from './connection.ts'
import { Page } from './page.ts'

/** The one without windows first: its tests take about half of the processor time. */
const programs = ['chromium-headless-shell', 'chromium']

/** The Chromium of this machine's PATH; undefined: there is none. */
export function chromium(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return programs.find((name) => folders.some((folder) => existsSync(join(folder, name))))
}

/** A Chromium of its own, without a window, that ends with its scope. */
export class Browser implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #profile: string
  readonly #connection: Connection

  private constructor(child: ChildProcess, profile: string, connection: Connection) {
    this.#child = child
    this.#profile = profile
    this.#connection = connection
  }

  static async start(): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), 'runwarden-browser-'))
    const flags = [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-extensions',
    ]
    const child = spawn(
      chromium() ?? 'chromium',
      [...flags, '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    )
    const address = await listening(child)
    return new Browser(child, profile, await Connection.open(address))
  }

  /** Opens `url` in a new page and waits until it has loaded; `before` runs in it ahead of its own scripts. */
  async open(url: string, before = ''): Promise<Page> {
    return Page.open(this.#connection, url, { before })
  }

  /** As a person of its own: with these cookies, and none of other pages. */
  async openAs(
    url: string,
    cookies: Readonly<Record<string, string>>,
    more: { before?: string; untold?: boolean } = {},
  ): Promise<Page> {
    const { browserContextId } = await this.#connection.send<{ browserContextId: string }>(
      'Target.createBrowserContext',
      {},
    )
    return Page.open(this.#connection, url, { ...more, browserContextId, cookies })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    // It often ends before it has answered that it will.
    await Promise.allSettled([this.#connection.send('Browser.close', {}), ended])
    this.#connection.close()
    rmSync(this.#profile, { recursive: true, force: true })
  }
}

function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text
      const found = /DevTools listening on (ws:\S+)/.exec(said)
      if (found?.[1] !== undefined) resolve(found[1])
    })
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`chromium ended before it listened:\n${said}`)))
  })
}
