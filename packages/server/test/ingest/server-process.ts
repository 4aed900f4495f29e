import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** What test/ingest/server-child.ts says once it listens. */
interface Said {
  url: string
  agent: string
  viewer: string
  admin: string
  /** Of the server's administrator, as its cookie has it. */
  session: string
}

/** A server in a process of its own. */
export class ServerProcess implements AsyncDisposable {
  readonly said: Said
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>

  private constructor(child: ChildProcess, ended: Promise<unknown>, said: Said) {
    this.#child = child
    this.#ended = ended
    this.said = said
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** @param before a command that is to run the server, e.g. in a namespace of its own; node's own command line follows it */
  static async start(data: string, before: readonly string[] = []): Promise<ServerProcess> {
    const [command = '', ...args] = [
      ...before,
      process.execPath,
      join(import.meta.dirname, 'server-child.ts'),
      data,
    ]
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = once(child, 'exit')
    const line = once(createInterface(child.stdout), 'line')
    const first = await Promise.race([line, ended.then(() => null)])
    if (first === null) throw new Error('the server ended before it listened')
    return new ServerProcess(child, ended, JSON.parse(String(first[0])) as Said)
  }

  /** As a power cut would, but for the kernel's own caches. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  /** JSON of a GET as a viewer. */
  async get(path: string): Promise<unknown> {
    const answer = await fetch(this.said.url + path, {
      headers: { authorization: `Bearer ${this.said.viewer}` },
    })
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return answer.json()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }
}
