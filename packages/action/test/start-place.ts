import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startAgent, type StartedAgent } from '../src/start.ts'

const repository = join(import.meta.dirname, '../../..')

/** In the place of the agent: listens where it is told to, and writes down what it was started with. */
const listener = `
import { createServer } from 'node:net'
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
const [task, , socket, , out, , state] = process.argv.slice(2)
mkdirSync(out, { recursive: true })
const server = createServer((client) => client.on('error', () => {}).end('here'))
process.on('SIGTERM', () => server.close())
rmSync(socket, { force: true })
server.listen(socket, () => {
  // Whole, whenever it is read.
  writeFileSync(out + '/starting', JSON.stringify({ task, state, pid: process.pid }))
  renameSync(out + '/starting', out + '/started')
})
`

/** A bundle whose agent is a small program, a home for jobs' folders, and what is left of them. */
export class StartPlace implements Disposable {
  readonly path: string
  readonly bundle: string
  readonly home: string
  readonly #top = mkdtempSync(join(tmpdir(), 'runwarden-start-'))
  readonly #mounts: string[] = []

  /** @param name of the folder that all of it is in */
  constructor(name = 'place') {
    chmodSync(this.#top, 0o755)
    this.path = join(this.#top, name)
    this.bundle = join(this.path, 'bundle')
    this.home = join(this.path, 'jobs')
    mkdirSync(this.path)
    const entries = ['stage', 'supervise'].map((entry) =>
      join(repository, `packages/action/src/${entry}.ts`),
    )
    const built = join(this.#top, 'built')
    execFileSync(join(repository, 'node_modules/.bin/rolldown'), [
      ...entries,
      '--dir',
      built,
      '--platform',
      'node',
      '--format',
      'esm',
    ])
    mkdirSync(join(this.bundle, 'packages/cli/src'), { recursive: true })
    cpSync(built, join(this.bundle, 'packages/action/src'), { recursive: true })
    writeFileSync(join(this.bundle, 'package.json'), '{ "type": "module" }')
    this.agentIs(listener)
  }

  agentIs(source: string): void {
    writeFileSync(join(this.bundle, 'packages/cli/src/main.js'), source)
  }

  start(node = process.execPath): Promise<StartedAgent> {
    return startAgent({ agentRoot: this.bundle, node, home: this.home })
  }

  /** What the agent in a folder was started with, the last time. */
  started({ folder }: StartedAgent): { task: string; state: string; pid: number } {
    return JSON.parse(readFileSync(join(folder, 'out/started'), 'utf8')) as ReturnType<
      StartPlace['started']
    >
  }

  mount(path: string, options: string): void {
    mkdirSync(path, { recursive: true })
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'runwarden-test', path])
    this.#mounts.push(path)
  }

  /** Processes that run something below this place. */
  processes(): number[] {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => {
        try {
          return pid > 0 && readlinkSync(`/proc/${pid}/exe`).startsWith(this.path)
        } catch {
          return false
        }
      })
  }

  folders(): string[] {
    return readdirSync(this.home)
  }

  [Symbol.dispose](): void {
    for (const pid of this.processes()) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It has ended.
      }
    }
    for (const path of this.#mounts) {
      try {
        execFileSync('umount', ['--lazy', path], { stdio: 'ignore' })
      } catch {
        // The test has.
      }
    }
    rmSync(this.#top, { recursive: true, force: true })
  }
}
