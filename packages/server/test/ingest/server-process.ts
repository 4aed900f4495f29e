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
    const { child, ended, line } = await listening(command, args, () => true)
    return new ServerProcess(child, ended, JSON.parse(line) as Said)
  }

  /** One that has been killed, by the command of its installation: with its keys, at another address. */
  async again(data: string): Promise<ServerProcess> {
    const command = join(import.meta.dirname, '../../../cli/bin/runwarden')
    const options = { data, listen: '127.0.0.1:0', organisations: 'acme', 'log-level': 'error' }
    const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])
    const said = / at (http:\S+)$/
    const { child, ended, line } = await listening(command, ['server', ...words], (one) =>
      said.test(one),
    )
    const [, url = ''] = said.exec(line) ?? []
    return new ServerProcess(child, ended, { ...this.said, url })
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

/** Starts a server. @returns once it says a line of this kind */
async function listening(
  command: string,
  args: readonly string[],
  isIt: (line: string) => boolean,
): Promise<{ child: ChildProcess; ended: Promise<unknown>; line: string }> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const line = new Promise<string>((resolve) => {
    createInterface(child.stdout).on('line', (one) => {
      if (isIt(one)) resolve(one)
    })
  })
  const first = await Promise.race([line, ended.then(() => null)])
  if (first === null) throw new Error('the server ended before it listened')
  return { child, ended, line: first }
}
