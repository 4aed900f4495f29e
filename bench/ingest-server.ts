import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const runwarden = join(import.meta.dirname, '../packages/cli/bin/runwarden')

/** A server as its users start it: by the command, with what that says to node and to the C library. */
export class CommandServer implements AsyncDisposable {
  readonly url: string
  readonly #data: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, data: string, url: string) {
    this.#child = child
    this.#data = data
    this.url = url
  }

  /** Its process: the command becomes it. */
  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Takes any number of requests: the rate limit is for callers that mean no well. */
  static async start(data: string): Promise<CommandServer> {
    const args = ['server', '--data', data, '--listen', '127.0.0.1:0']
    const more = ['--organisations', 'acme many', '--rate-limit', '0', '--log-level', 'error']
    const child = spawn(runwarden, [...args, ...more], { stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = once(child, 'exit').then(() => null)
    const first = await Promise.race([once(createInterface(child.stdout), 'line'), ended])
    const [, url] = / at (http\S+)$/.exec(String(first?.[0])) ?? []
    if (url === undefined) throw new Error('the server ended before it listened')
    return new CommandServer(child, data, url)
  }

  /** A new API key. */
  key(role: 'agent' | 'viewer' | 'admin', organisation: 'acme' | 'many' = 'acme'): string {
    const words = ['--organisation', organisation, '--role', role]
    const args = ['server', 'key', '--data', this.#data, ...words]
    return execFileSync(runwarden, args, { encoding: 'utf8' }).trim()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }
}
