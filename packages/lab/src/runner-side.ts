import {
  spawn,
  type ChildProcess,
  type ChildProcessWithoutNullStreams,
  type StdioOptions,
} from 'node:child_process'
import { once } from 'node:events'
import { LabError } from './error.ts'
import { ended } from './internet-side.ts'
import { endProcesses, namespaceOf, processesIn } from './processes.ts'

/** How a program is started on the runner. */
export interface StartOptions {
  /** Added to the runner's own environment; undefined takes a name away. */
  env?: Record<string, string | undefined>
  /** Default: the runner's home. */
  cwd?: string
  /** Path of a cgroup v2 folder that the program is in from its first instruction. */
  cgroup?: string
  stdio?: StdioOptions
}

export interface ExecOptions extends Omit<StartOptions, 'stdio'> {
  /** For its standard input. */
  input?: string | Buffer
  /** Milliseconds until it is killed; default 60,000. */
  timeout?: number
}

export interface ExecResult {
  /** Null: a signal ended it. */
  status: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

/** The lab's runner host: a network and a mount namespace, and what is started there. */
export class RunnerSide {
  /** What programs get when nothing else is told: nothing of this process's environment. */
  readonly env: Readonly<Record<string, string>>
  readonly home: string
  readonly #holder: ChildProcessWithoutNullStreams

  private constructor(
    holder: ChildProcessWithoutNullStreams,
    home: string,
    env: Record<string, string>,
  ) {
    this.#holder = holder
    this.home = home
    this.env = env
  }

  /**
   * Makes the namespaces. Mounts of the machine appear in it, its own stay inside; /etc/resolv.conf
   * is the given file.
   * @param cgroup the kernel's own sockets there belong to it: those are whose who makes the namespace
   */
  static async start(
    resolvConf: string,
    home: string,
    env: Record<string, string>,
    cgroup?: string,
  ): Promise<RunnerSide> {
    const script = 'mount --bind "$1" /etc/resolv.conf && echo ready && exec cat >/dev/null'
    const [program = '', ...words] = [
      ...(cgroup === undefined ? [] : intoCgroup(cgroup)),
      'unshare',
      '--net',
      '--mount',
      '--propagation',
      'slave',
      '--',
      'sh',
      '-c',
      script,
      'sh',
      resolvConf,
    ]
    const holder = spawn(program, words)
    let said = ''
    holder.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    const failed = once(holder, 'close').then(() => 'failed')
    if ((await Promise.race([once(holder.stdout, 'data'), failed])) === 'failed') {
      throw new LabError(
        'LAB_START',
        `the runner's namespaces can't be made: ${said.trim()} (root is needed)`,
      )
    }
    return new RunnerSide(holder, home, env)
  }

  /** A process that holds the namespaces: /proc/PID/ns/net and /proc/PID/ns/mnt are the runner's. */
  get pid(): number {
    return this.#holder.pid ?? 0
  }

  /** Starts a program on the runner; it is killed when this process ends. */
  spawn(command: string, args: readonly string[] = [], options: StartOptions = {}): ChildProcess {
    const enter = [
      `--net=/proc/${this.pid}/ns/net`,
      `--mount=/proc/${this.pid}/ns/mnt`,
      `--wdns=${options.cwd ?? this.home}`,
      '--',
      'setpriv',
      '--pdeathsig',
      'KILL',
      '--',
    ]
    const join = options.cgroup === undefined ? [] : intoCgroup(options.cgroup)
    const env = Object.fromEntries(
      Object.entries({ ...this.env, ...options.env }).filter(([, value]) => value !== undefined),
    )
    return spawn('/usr/bin/nsenter', [...enter, ...join, command, ...args], {
      env,
      stdio: options.stdio ?? 'pipe',
    })
  }

  /** Runs a program on the runner to its end. Whatever status it ends with is a result, not an error. */
  async exec(
    command: string,
    args: readonly string[] = [],
    options: ExecOptions = {},
  ): Promise<ExecResult> {
    const { input, timeout = 60_000, ...start } = options
    const child = this.spawn(command, args, start)
    const output = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.setEncoding('utf8').on('data', (text: string) => {
        output[name] += text
      })
    }
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
    const timer = setTimeout(() => child.kill('SIGKILL'), timeout)
    const [status, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
    clearTimeout(timer)
    return { status, signal, ...output }
  }

  /** Ends whatever is left on the runner, then the namespaces. */
  async [Symbol.asyncDispose](): Promise<void> {
    const namespace = namespaceOf(this.pid)
    if (namespace !== null) {
      await endProcesses(() => processesIn(namespace).filter((pid) => pid !== this.pid))
    }
    await ended(this.#holder)
  }
}

function intoCgroup(folder: string): string[] {
  return ['sh', '-c', 'echo $$ >"$0"/cgroup.procs && exec "$@"', folder]
}
