import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { type Annotation, Commands } from './commands.ts'
import { type JobContainer, pathInside } from './engine.ts'
import { RunnerError } from './error.ts'
import { FileCommands, type Told } from './file-commands.ts'
import type { StepLog } from './log-pages.ts'
import type { Masks } from './masks.ts'
import type { Plan, StepResult } from './plan.ts'

/** The root process of a step. */
export interface StepProcess {
  /** GITHUB_ACTION. */
  action: string
  stage: StepResult['stage']
  name: string
  env: Readonly<Record<string, string>>
  cwd: string
  timeoutMinutes?: number | undefined
  plan: Plan
  /** What steps before it wrote to GITHUB_PATH. */
  paths: readonly string[]
  /** RUNNER_TRACKING_ID */
  tracking: string
  container: JobContainer | undefined
  log: StepLog
  masks: Masks
  /** The step is to end, as its job was cancelled. */
  cancelled: AbortSignal
  /** Of the step, before its process starts. */
  warnings: readonly string[]
  /** What is said when its process fails; undefined: nothing, as a JavaScript action says itself what is wrong. */
  failure: ((status: string) => string) | undefined
  /** The path that a file has in a container that its process makes. */
  translate?: (path: string) => string
  /** @param inside the path that a file has where the process runs */
  command(inside: (path: string) => string, path: string): [string, ...string[]]
}

export interface StepEnded {
  /** null: a signal ended it. */
  status: number | null
  succeeded: boolean
  pid: number | null
  told: Told
  annotations: Annotation[]
}

/** GitHub's limit of a step without `timeout-minutes:`. */
const MINUTES = 360
/** As the runner's: how long it waits after SIGINT and after SIGTERM, and for output when a step has ended. */
const INTERRUPTED_MS = 7500
const TERMINATED_MS = 2500
const STREAMS_MS = 5000

/**
 * Starts the process as the worker's child, and waits for it: not for what it leaves behind, but for five seconds for
 * output that is still open.
 * @throws RunnerError when it cannot be started
 */
export async function runProcess(start: StepProcess): Promise<StepEnded> {
  const { action, stage, cwd, plan, container, log } = start
  const files = new FileCommands(plan.temp)
  const inside = (path: string): string =>
    container === undefined ? path : pathInside(container.mounts, path)
  const translate = start.translate ?? inside
  const own: Record<string, string> = { ...start.env, ...files.environment() }
  for (const [name, value] of Object.entries(own)) own[name] = translate(value)
  const path = [...start.paths.toReversed(), own['PATH'] ?? process.env['PATH']].join(':')
  let [program, ...args] = start.command(inside, path)
  if (container !== undefined)
    [program, ...args] = container.exec([program, ...args], cwd, Object.keys(own))
  log.line(`##[group]Run ${start.name}${stage === 'main' ? '' : ` (${stage})`}`)
  log.line('##[endgroup]')
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, ...own, PATH: path, RUNNER_TRACKING_ID: start.tracking },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const commands = new Commands(log, start.masks)
  for (const warning of start.warnings) commands.tell('warning', warning)
  const closed = Promise.all([read(child.stdout, commands), read(child.stderr, commands)])
  const end = (): void => void interrupt(child)
  const minutes = start.timeoutMinutes ?? MINUTES
  let late = false
  const limit = setTimeout(() => {
    late = true
    commands.tell('error', `The action '${start.name}' has timed out after ${minutes} minutes.`)
    end()
  }, minutes * 60_000)
  start.cancelled.addEventListener('abort', end)
  try {
    const [status] = (await once(child, 'exit')) as [number | null]
    await Promise.race([closed, delay(STREAMS_MS, undefined, { ref: false })])
    // As the runner has it: a step that was told to end has not succeeded, whatever it ends with.
    const ended = late || start.cancelled.aborted
    if (start.cancelled.aborted) commands.tell('error', 'The operation was canceled.')
    else if (status !== 0 && start.failure !== undefined)
      commands.tell('error', start.failure(String(status ?? 'of a signal')))
    const { told, problems, failed } = files.read()
    for (const problem of problems) commands.tell('error', problem)
    const succeeded = status === 0 && !commands.failed && !failed && !ended
    return {
      status,
      succeeded,
      pid: child.pid ?? null,
      annotations: commands.annotations,
      told: {
        ...told,
        outputs: { ...commands.outputs, ...told.outputs },
        state: { ...commands.state, ...told.state },
      },
    }
  } catch (error) {
    if (error instanceof RunnerError) throw error
    throw new RunnerError(`step '${action}' could not be started: ${String(error)}`, {
      cause: error,
    })
  } finally {
    clearTimeout(limit)
    start.cancelled.removeEventListener('abort', end)
    child.stdout.destroy()
    child.stderr.destroy()
  }
}

/** Hands on the lines of a stream until it ends. */
async function read(stream: Readable, commands: Commands): Promise<void> {
  const lines = createInterface({ input: stream, crlfDelay: Infinity })
  lines.on('line', (line) => commands.line(line))
  await once(lines, 'close')
}

/** As the runner ends a step: by SIGINT, then SIGTERM, then SIGKILL. */
async function interrupt(child: ChildProcess): Promise<void> {
  const over = once(child, 'exit')
  for (const [signal, wait] of [
    ['SIGINT', INTERRUPTED_MS],
    ['SIGTERM', TERMINATED_MS],
  ] as const) {
    child.kill(signal)
    const ended = await Promise.race([over.then(() => true), delay(wait, false, { ref: false })])
    if (ended) return
  }
  child.kill('SIGKILL')
}
