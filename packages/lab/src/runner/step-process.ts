import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type JobContainer, pathInside } from './engine.ts'
import { RunnerError } from './error.ts'
import { FileCommands, type Told } from './file-commands.ts'
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
  /** @param inside the path that a file has where the process runs */
  command(inside: (path: string) => string, path: string): [string, ...string[]]
}

/** GitHub's limit of a step without `timeout-minutes:`. */
const MINUTES = 360

/**
 * Starts the process as the worker's child, and waits for it: not for what it leaves behind.
 * @throws RunnerError when it cannot be started, or has written nonsense to its files
 */
export async function runProcess(
  start: StepProcess,
): Promise<{ status: number | null; pid: number | null; told: Told }> {
  const { action, stage, cwd, plan, container } = start
  const commands = new FileCommands(plan.temp)
  const inside = (path: string): string =>
    container === undefined ? path : pathInside(container.mounts, path)
  const own: Record<string, string> = { ...start.env, ...commands.environment(inside) }
  if (container !== undefined) {
    own['GITHUB_WORKSPACE'] = inside(plan.workspace)
    own['RUNNER_TEMP'] = inside(plan.temp)
  }
  const path = [...start.paths.toReversed(), own['PATH'] ?? process.env['PATH']].join(':')
  let [program, ...args] = start.command(inside, path)
  if (container !== undefined)
    [program, ...args] = container.exec([program, ...args], cwd, Object.keys(own))
  console.log(`Run ${start.name}${stage === 'main' ? '' : ` (${stage})`}`)
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, ...own, PATH: path, RUNNER_TRACKING_ID: start.tracking },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const limit = setTimeout(() => child.kill('SIGKILL'), (start.timeoutMinutes ?? MINUTES) * 60_000)
  try {
    const [status] = (await once(child, 'exit')) as [number | null]
    if (status !== 0)
      console.log(`Error: process completed with exit code ${status ?? 'of a signal'}.`)
    return { status, pid: child.pid ?? null, told: commands.read() }
  } catch (error) {
    if (error instanceof RunnerError) throw error
    throw new RunnerError(`step '${action}' could not be started: ${String(error)}`, {
      cause: error,
    })
  } finally {
    clearTimeout(limit)
  }
}
