import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/**
 * A process of the account that was there before, as a runner's worker is: what it starts inherits the groups
 * that it had when it started.
 */
export class Worker {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor(groups: readonly string[] = ['--init-groups']) {
    this.#child = spawn(
      'setpriv',
      [
        '--reuid=ci',
        '--regid=ci',
        ...groups,
        'sh',
        '-c',
        'while read -r line; do eval "$line"; done',
      ],
      { stdio: ['pipe', 'pipe', 'ignore'], env: { ...process.env, HOME: '/home/ci' } },
    )
    this.#lines = createInterface(this.#child.stdout!)[Symbol.asyncIterator]()
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Runs a shell script as a step of the job, and gives its status. */
  async run(script: string): Promise<number> {
    this.#child.stdin?.write(
      `(cd; eval '${script.replaceAll("'", `'\\''`)}') </dev/null >/dev/null 2>&1; echo $?\n`,
    )
    const { value } = await this.#lines.next()
    return Number(value)
  }

  async end(): Promise<void> {
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }
}
