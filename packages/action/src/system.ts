import { execFile } from 'node:child_process'
import { existsSync, lstatSync, readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** The runner's program that runs a job. */
export const WORKER = 'Runner.Worker'

/** What is asked of the machine. Tests give another one. */
export interface System {
  platform: string
  arch: string
  uid: number
  env: NodeJS.ProcessEnv
  exists(path: string): boolean
  isSocket(path: string): boolean
  /** The version of glibc that node runs with; null: another C library. */
  glibc(): string | null
  /** A file's text; null: it cannot be read. */
  read(path: string): string | null
  /** Programs of the processes above this one, the nearest first; as far as they are seen. */
  ancestors(): string[]
  /** What the runner's worker was started with; null: it is not seen, or cannot be read. */
  workerEnv(): NodeJS.ProcessEnv | null
  /** Runs a program without a shell, and says whether it ended well. */
  succeeds(program: string, args: readonly string[]): Promise<boolean>
  wait(ms: number): Promise<unknown>
}

/** sudo asks directory services in places, which may be slow; without an answer it is taken as none. */
const patienceMs = 10_000

export function defaultSystem(): System {
  return {
    platform: process.platform,
    arch: process.arch,
    uid: process.getuid?.() ?? -1,
    env: process.env,
    exists: existsSync,
    isSocket: (path) => lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true,
    glibc,
    read,
    ancestors: () => Array.from(processesAbove(), ({ program }) => program),
    workerEnv,
    succeeds: (program, args) =>
      new Promise((done) => {
        execFile(program, args, { timeout: patienceMs, killSignal: 'SIGKILL' }, (error) =>
          done(error === null),
        )
      }),
    wait: sleep,
  }
}

function glibc(): string | null {
  // Else names are looked up for each of the machine's addresses.
  Object.assign(process.report, { excludeNetwork: true })
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } }
  return header.glibcVersionRuntime ?? null
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

function* processesAbove(): Generator<{ pid: number; program: string }> {
  for (let pid = process.ppid, seen = 0; pid > 0 && seen < 64; seen++) {
    const stat = read(`/proc/${pid}/stat`)
    // The name stands in parentheses, and may hold some itself.
    const [, comm, parent] = /^\d+ \((.*)\) \S (\d+) /s.exec(stat ?? '') ?? []
    if (comm === undefined) return
    yield { pid, program: programOf(pid) ?? comm }
    pid = Number(parent)
  }
}

function workerEnv(): NodeJS.ProcessEnv | null {
  const worker = processesAbove().find(({ program }) => program === WORKER)
  const text = worker === undefined ? null : read(`/proc/${worker.pid}/environ`)
  if (text === null) return null
  const pairs = text.split('\0').map((pair) => {
    const at = pair.indexOf('=')
    return [pair.slice(0, at), pair.slice(at + 1)]
  })
  return Object.fromEntries(pairs) as NodeJS.ProcessEnv
}

/** Only of processes of the same user. */
function programOf(pid: number): string | null {
  try {
    return basename(readlinkSync(`/proc/${pid}/exe`))
  } catch {
    return null
  }
}
