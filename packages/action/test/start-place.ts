import { execFileSync } from 'node:child_process'
import {
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

const repository = join(import.meta.dirname, '../../..')

/** In the place of the agent: listens where it is told to, and says what it was started with. */
const listener = `
import { createServer } from 'node:net'
import { mkdirSync, writeFileSync } from 'node:fs'
const [task, , socket, , out, , state] = process.argv.slice(2)
mkdirSync(out)
writeFileSync(out + '/started', JSON.stringify({ task, state, parent: process.ppid, pid: process.pid }))
const server = createServer((client) => client.on('error', () => {}).end('here'))
process.on('SIGTERM', () => server.close())
server.listen(socket)
`

/** A bundle whose agent is a small program, a home for jobs' folders, and what is left of them. */
export class StartPlace {
  readonly path = mkdtempSync(join(tmpdir(), 'runwarden-start-'))
  readonly bundle = join(this.path, 'bundle')
  readonly home = join(this.path, 'jobs')

  constructor() {
    const built = join(repository, 'node_modules/.bin/rolldown')
    const entries = ['stage', 'supervise'].map((name) =>
      join(repository, `packages/action/src/${name}.ts`),
    )
    execFileSync(built, [
      ...entries,
      '--dir',
      join(this.bundle, 'packages/action/src'),
      '--platform',
      'node',
      '--format',
      'esm',
    ])
    mkdirSync(join(this.bundle, 'packages/cli/src'), { recursive: true })
    writeFileSync(join(this.bundle, 'package.json'), '{ "type": "module" }')
    this.agentIs(listener)
  }

  agentIs(source: string): void {
    writeFileSync(join(this.bundle, 'packages/cli/src/main.js'), source)
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
    for (const pid of this.processes()) process.kill(pid, 'SIGKILL')
    rmSync(this.path, { recursive: true, force: true })
  }
}

export const environmentOf = (pid: number): string[] =>
  readFileSync(`/proc/${pid}/environ`, 'utf8')
    .split('\0')
    .filter((line) => line !== '')
