import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { RunnerError } from './error.ts'
import type { ListenerNews, ListenerOrder } from './listener.ts'
import type { JobResult } from './plan.ts'
import {
  nameProgram,
  prepareWorkflow,
  type PreparedWorker,
  type WorkflowOptions,
} from './run-workflow.ts'

export interface RunnerOptions {
  /** As of WorkflowOptions: of all its jobs. */
  folder: string
  /** Starts its listener, e.g. in a lab and in a cgroup; its first four descriptors are pipes. */
  spawn?: (program: string, args: readonly string[], stdio: 'pipe'[]) => ChildProcess
  /** An ordinary user, by name, whose processes all are; default: of who runs this. */
  user?: string
}

export interface RunningJob {
  workspace: string
  /** Process id of the worker, once it runs. */
  worker: Promise<number>
  /** @throws RunnerError when the worker did not come to its end */
  ended: Promise<JobResult & { log: string }>
  /** As somebody does it on GitHub's page. */
  cancel(): void
}

/** A machine's runner: a program called Runner.Listener that starts a worker for each job, one behind the other. */
export class Runner implements AsyncDisposable {
  readonly child: ChildProcess
  readonly #options: RunnerOptions
  readonly #news: AsyncIterator<string>
  #said = ''
  #jobs = 0

  private constructor(child: ChildProcess, options: RunnerOptions) {
    this.child = child
    this.#options = options
    this.#news = createInterface({ input: child.stdio[3] as Readable })[Symbol.asyncIterator]()
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#said += text))
    child.stdout?.resume()
    child.stdin?.on('error', () => {})
  }

  static start(options: RunnerOptions): Runner {
    const folder = resolve(options.folder)
    const program = join(folder, 'bin', 'Runner.Listener')
    mkdirSync(join(folder, 'bin'), { recursive: true })
    if (!existsSync(program)) nameProgram(process.execPath, program)
    const own = [
      program,
      '--disable-warning=ExperimentalWarning',
      join(import.meta.dirname, 'listener.ts'),
    ]
    const command = options.user === undefined ? own : [...asUser(options.user), ...own]
    const [first = '', ...args] = command
    const start = options.spawn ?? ((file, words, stdio) => spawn(file, words, { stdio }))
    return new Runner(start(first, args, ['pipe', 'pipe', 'pipe', 'pipe']), { ...options, folder })
  }

  /** Starts a job; only when the one before has ended. */
  run(file: string, options: Omit<WorkflowOptions, 'folder'>): RunningJob {
    const { folder, user } = this.#options
    const worker = prepareWorkflow(file, { ...options, folder })
    if (user !== undefined) giveTo(user, folder, worker)
    const log = join(folder, `job-${++this.#jobs}.log`)
    rmSync(log, { force: true })
    this.#order({ run: { command: worker.command, log } })
    const started = this.#next().then((news) => ('started' in news ? news.started : 0))
    const ended = started.then(async () => {
      await this.#next()
      const text = readFileSync(log, 'utf8')
      try {
        return { ...worker.result(), log: text }
      } catch (cause) {
        throw new RunnerError(`the worker has not come to its end: ${text}`, { cause })
      }
    })
    return {
      workspace: worker.workspace,
      worker: started,
      ended,
      cancel: () => this.#order({ cancel: true }),
    }
  }

  /** Waits for the job that runs, if one does. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    this.child.stdin?.end()
    await once(this.child, 'exit')
  }

  #order(order: ListenerOrder): void {
    this.child.stdin?.write(`${JSON.stringify(order)}\n`)
  }

  async #next(): Promise<ListenerNews> {
    const { done, value } = await this.#news.next()
    if (done === true) throw new RunnerError(`the listener has ended: ${this.#said}`)
    return JSON.parse(value) as ListenerNews
  }
}

function asUser(user: string): string[] {
  const id = (flag: string): string => execFileSync('id', [flag, user], { encoding: 'utf8' }).trim()
  return ['setpriv', '--reuid', id('-u'), '--regid', id('-g'), '--init-groups']
}

/** What a runner has is its user's; its programs stay, as they are links to those of others. */
function giveTo(user: string, folder: string, { workspace, masks, command }: PreparedWorker): void {
  const plan = command.at(-1) ?? ''
  execFileSync('chown', [`${user}:`, folder, masks, plan])
  execFileSync('chown', ['-R', `${user}:`, join(folder, '_work'), workspace])
}
