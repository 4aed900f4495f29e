import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Lab } from '@runwarden/lab'
import { type Place, runwarden, until } from './runwarden.ts'

/** What it says of a job. */
export interface JobSummary {
  state: string
  segments: { indexed: number; last: number }
  totals: { events: number }
}

/** A list of its API. */
export interface Page<T> {
  items: T[]
}

interface Options {
  lab: Lab
  place: Place
  /** Where it says that it is, once it is there. */
  url: string
  /** Further words of `runwarden server`. */
  words: readonly string[]
}

/** A control plane of the organisation acme on a lab's runner, and somebody who administers that. */
export class ControlPlane implements Disposable {
  readonly url: string
  readonly #options: Options
  #server: ChildProcess | undefined
  #admin = ''

  private constructor(options: Options) {
    this.url = options.url
    this.#options = options
  }

  static async start(options: Options): Promise<ControlPlane> {
    const plane = new ControlPlane(options)
    await plane.goOn()
    plane.#admin = await plane.newKey('admin')
    return plane
  }

  /** Starts it, with what it has kept. */
  async goOn(): Promise<void> {
    const { lab, words } = this.#options
    const server = lab.runner.spawn(runwarden, ['server', '--data', this.#data, ...words], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#server = server
    let said = ''
    server.stdout?.on('data', (text: string) => {
      said += text
    })
    await until(() => said.includes(`at ${this.url}`))
  }

  /** Kills it, as a machine that fails would. */
  async kill(): Promise<void> {
    if (this.#server === undefined) return
    this.#server.kill('SIGKILL')
    await once(this.#server, 'exit')
  }

  /** A new API key. */
  async newKey(role: 'agent' | 'admin'): Promise<string> {
    const words = ['server', 'key', '--data', this.#data, '--organisation', 'acme']
    const { stdout } = await this.#options.lab.runner.exec(runwarden, [...words, '--role', role])
    return stdout.trim()
  }

  /**
   * Its answer to somebody who administers acme; undefined where it is empty. What it says to try again is tried again.
   * @throws Error with what any other refusal says
   */
  async ask<T>(path: string, body?: object, method = 'POST'): Promise<T> {
    const { status, stdout, stderr } = await this.#options.lab.runner.exec('curl', [
      '-sS',
      '--fail-with-body',
      '--retry',
      '10',
      '-H',
      `authorization: Bearer ${this.#admin}`,
      `${this.url}${path}`,
      ...(body === undefined
        ? []
        : ['-X', method, '-H', 'content-type: application/json', '-d', JSON.stringify(body)]),
    ])
    if (status !== 0) throw new Error(`${path}: ${stdout}${stderr}`)
    return (stdout === '' ? undefined : JSON.parse(stdout)) as T
  }

  /** Puts a name on acme's block list. @returns takes it off again */
  async block(value: string): Promise<() => Promise<void>> {
    const { ids } = await this.ask<{ ids: string[] }>('/v1/orgs/acme/blocklist/entries', {
      entries: [{ value, reason: 'serves malware' }],
    })
    return () => this.ask(`/v1/orgs/acme/blocklist/entries/${ids[0]}`, {}, 'DELETE')
  }

  /** A new version of acme's policy `base`. @param text without `version:` */
  async savePolicy(text: string): Promise<void> {
    await this.ask(
      '/v1/orgs/acme/policies/base',
      { text: `version: 1\n${text}`, reason: 'test' },
      'PUT',
    )
  }

  /** Has the policy `base` hold for all of acme's jobs. */
  async attachPolicy(): Promise<void> {
    await this.ask('/v1/orgs/acme/policy-attachments', {
      policy: 'base',
      target: { level: 'organisation' },
    })
  }

  /** A job, once all that was sent of it is indexed: that is after it was acknowledged. */
  indexed(id: string): Promise<JobSummary> {
    return eventually(
      () => this.ask<JobSummary>(`/v1/orgs/acme/jobs/${id}`),
      ({ segments }) => segments.last > 0 && segments.indexed === segments.last,
    )
  }

  [Symbol.dispose](): void {
    this.#server?.kill('SIGTERM')
  }

  get #data(): string {
    return this.#options.place.at('data')
  }
}

/** Asks until something holds; the test's own time-out is the only limit. */
export async function eventually<T>(
  get: () => Promise<T>,
  holds: (value: T) => boolean,
): Promise<T> {
  for (;;) {
    const value = await get()
    if (holds(value)) return value
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
