import { type ChildProcess, execFileSync, spawn, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Event, EventKind, EventOf, Report } from '@runwarden/events'

/** The command as a user of the checkout starts it. */
export const runwarden = join(import.meta.dirname, '../bin/runwarden')

/** What a program here gets: nothing of the test runner's environment. */
export const environment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  // With a socket as its input, and this at 0, bash would take itself for the end of an rsh and read ~/.bashrc.
  SHLVL: '1',
  LANG: 'C.UTF-8',
}

export interface Ended {
  status: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface Start {
  input?: string | Buffer
  env?: Record<string, string>
  cwd?: string
}

/** A folder of a test's own, in which it runs things. */
export class Place implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'runwarden-cli-'))

  /** Where `runwarden` leaves its files. */
  get out(): string {
    return join(this.path, 'out')
  }

  at(...names: string[]): string {
    return join(this.path, ...names)
  }

  /** Compiles a program of acts/, statically, and returns its path. */
  compile(name: string, folder = join(import.meta.dirname, 'acts')): string {
    execFileSync('gcc', ['-O2', '-static', '-o', this.at(name), join(folder, `${name}.c`)])
    return this.at(name)
  }

  /** Copies a program to a place that nobody but its owner may change, and returns its path. */
  copyProgram(original: string, ...names: string[]): string {
    const copy = this.at(...names)
    mkdirSync(dirname(copy), { recursive: true })
    copyFileSync(original, copy)
    chmodSync(copy, 0o755)
    return copy
  }

  spawn(
    file: string,
    args: readonly string[],
    start: Omit<Start, 'input'> & { stdio?: StdioOptions } = {},
  ): ChildProcess {
    return spawn(file, args, {
      cwd: start.cwd ?? this.path,
      env: { ...environment, ...start.env },
      stdio: start.stdio ?? 'pipe',
    })
  }

  /** Runs a program to its end. That no signal ends it is part of every test: the command's is told as a status. */
  async exec(file: string, args: readonly string[], start: Start = {}): Promise<Ended> {
    const child = this.spawn(file, args, start)
    const said = gather(child)
    child.stdin?.on('error', () => {})
    child.stdin?.end(start.input)
    const ended = await said
    if (ended.signal !== null)
      throw new Error(
        `${file} ${args.join(' ')} was ended by ${ended.signal}; it said: ${ended.stdout}${ended.stderr}`,
      )
    return ended
  }

  /** `runwarden run` with its files in `out`. */
  async run(args: readonly string[], start: Start = {}): Promise<Ended> {
    return this.exec(runwarden, ['run', '--out', this.out, ...args], start)
  }

  report(folder = this.out): Report {
    return JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Report
  }

  events(folder = this.out): Event[] {
    return readFileSync(join(folder, 'events.ndjson'), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Event)
  }

  eventsOf<K extends EventKind>(kind: K, folder = this.out): EventOf<K>[] {
    return this.events(folder).filter((event): event is EventOf<K> => event.kind === kind)
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** What a program says, and how it ends. */
export async function gather(child: ChildProcess): Promise<Ended> {
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      said[name] += text
    })
  }
  const [status, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  return { status, signal, ...said }
}

/** Waits until something holds; the test's own time-out is the only limit. */
export async function until<T>(holds: () => T | false | undefined): Promise<T> {
  for (;;) {
    const result = holds()
    if (result !== undefined && result !== false) return result
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
