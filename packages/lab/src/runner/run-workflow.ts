import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { EngineCommand } from './engine.ts'
import { RunnerError } from './error.ts'
import type { JobResult, Leg, Need, Plan } from './plan.ts'

/** Where the checkout keeps what it builds. */
const built = fileURLToPath(new URL('../../../../build', import.meta.url))

export interface WorkflowOptions {
  /** Folder of the simulated runner: its program, `_work` and `_temp`; made when it is not there. */
  folder: string
  /** The checkout; by default an empty folder in `folder`. */
  workspace?: string
  /** Which job; needed when the workflow has several. */
  job?: string
  /** Leg of the job's matrix, and what else a job is given by those before it; see runJobs. */
  given?: Partial<Leg> & { needs?: Record<string, Need>; caller?: string }
  /** Folder with actions, each as `owner/repository/ref`. */
  actions?: string
  repository?: string
  ref?: string
  sha?: string
  event?: { name: string; payload: Record<string, unknown> }
  actor?: string
  runId?: string
  runner?: Partial<Plan['runner']>
  /** Of another GitHub than github.com. */
  urls?: Plan['urls']
  /** GITHUB_TOKEN among them is `github.token`, too. */
  secrets?: Record<string, string>
  inputs?: Record<string, string>
  engine?: EngineCommand
  /** ACTIONS_ID_TOKEN_REQUEST_URL and other variables that only actions are given. */
  services?: Record<string, string>
}

/** A worker that is ready to be started, by whatever watches it. */
export interface PreparedWorker {
  /** The program called Runner.Worker, and its arguments. */
  command: [string, ...string[]]
  workspace: string
  /** A file with the job's secrets, as the commands that mask them: for --masks of what watches it. */
  masks: string
  /** What the job did, once the worker has ended. @throws RunnerError when it did not come to its end */
  result(): JobResult
}

/**
 * Makes what a job of a workflow needs to run as under GitHub's runner, without starting it.
 * @param file a workflow, `.github/workflows/….yml`
 */
export function prepareWorkflow(file: string, options: WorkflowOptions): PreparedWorker {
  const folder = resolve(options.folder)
  const workspace = resolve(options.workspace ?? join(folder, '_work', 'repo', 'repo'))
  const temp = join(folder, '_work', '_temp')
  for (const path of [workspace, temp, join(folder, 'bin')]) mkdirSync(path, { recursive: true })
  const program = join(folder, 'bin', 'Runner.Worker')
  const downloaded = join(folder, '_work', '_actions')
  if (options.actions !== undefined && !existsSync(downloaded))
    symlinkSync(resolve(options.actions), downloaded)
  if (!existsSync(program)) nameProgram(process.execPath, program)
  const plan: Plan = {
    workflow: resolve(file),
    caller: resolve(options.given?.caller ?? file),
    job: options.job,
    matrix: options.given?.matrix ?? null,
    strategy: options.given?.strategy ?? {},
    needs: options.given?.needs ?? {},
    workspace,
    temp,
    diag: join(folder, '_diag'),
    actions: options.actions === undefined ? undefined : resolve(options.actions),
    repository: options.repository ?? 'acme/app',
    ref: options.ref ?? 'refs/heads/main',
    sha: options.sha ?? '0123456789abcdef0123456789abcdef01234567',
    event: options.event ?? { name: 'push', payload: {} },
    actor: options.actor ?? 'someone',
    runId: options.runId ?? '1658821493',
    runner: { name: 'simulated', environment: 'self-hosted', ...options.runner },
    urls: options.urls ?? { server: 'https://github.com', api: 'https://api.github.com' },
    secrets: options.secrets ?? {},
    inputs: options.inputs ?? {},
    services: options.services ?? {},
    node: process.execPath,
    engine: options.engine,
    result: join(folder, 'result.json'),
  }
  // Of the job before, on the same machine.
  rmSync(plan.result, { force: true })
  const planFile = join(folder, 'plan.json')
  writeFileSync(planFile, JSON.stringify(plan), { mode: 0o600 })
  const masks = join(folder, 'masks')
  writeFileSync(masks, Object.values(plan.secrets).map(maskCommand).join(''), { mode: 0o600 })
  const worker = join(import.meta.dirname, 'worker.ts')
  return {
    command: [program, '--disable-warning=ExperimentalWarning', worker, planFile],
    workspace,
    masks,
    result() {
      if (!existsSync(plan.result))
        throw new RunnerError('the worker has not come to its end: see what it said on stderr')
      return JSON.parse(readFileSync(plan.result, 'utf8')) as JobResult
    },
  }
}

/**
 * Runs a job of a workflow as GitHub's runner does: see README.md for where it differs.
 * @throws RunnerError with what the worker said when the workflow could not be run
 */
export async function runWorkflow(
  file: string,
  options: WorkflowOptions,
): Promise<JobResult & { log: string }> {
  const worker = prepareWorkflow(file, options)
  const [program, ...args] = worker.command
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let log = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (log += text))
  const [status] = (await once(child, 'close')) as [number | null]
  if (status !== 0 && status !== 1) throw new RunnerError(`the worker ended with ${status}: ${log}`)
  return { ...worker.result(), log }
}

/** As a step prints it. */
function maskCommand(secret: string): string {
  const escaped = secret.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
  return `::add-mask::${escaped}\n`
}

/**
 * The same program under the worker's name: a link to a copy, which is made once. A link to the program itself would change
 * the time by which agents that run from it see that it was changed.
 */
export function nameProgram(program: string, name: string): void {
  const { dev, ino, mtimeMs } = statSync(program)
  const copy = join(built, `worker-${dev}-${ino}-${Math.trunc(mtimeMs)}`)
  try {
    if (!existsSync(copy)) {
      mkdirSync(built, { recursive: true })
      copyFileSync(program, `${copy}.${process.pid}`)
      renameSync(`${copy}.${process.pid}`, copy)
    }
    linkSync(copy, name)
  } catch {
    copyFileSync(program, name)
  }
}
