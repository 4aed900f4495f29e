import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { GithubFacts, JobIdentity } from '@runwarden/events'
import { readEnvironment } from '@runwarden/sensor'
import { AgentError } from '../errors.ts'
import { githubFacts } from '../https/github-facts.ts'

/** A stage of an action, as the runner runs it: a program of its own, a child of the worker. */
export interface Stage {
  pid: number
  /** GITHUB_ACTION: the same for the action's pre, main and post, and no other step's. */
  action: string
  /** The folder of its script. */
  folder: string
  worker: number
  /** Who started the worker: the runner's listener; undefined: it has ended. */
  listener: number | undefined
  identity: JobIdentity
  /** Where its GitHub is. */
  github: GithubFacts
}

const WORKER = 'Runner.Worker'
export const LISTENER = 'Runner.Listener'

/**
 * The stage of an action that a process is the root of: a child of the runner's worker which runs a script of an action.
 * @throws AgentError NOT_A_STAGE with what it is instead
 */
export function stageOf(pid: number): Stage {
  const worker = parentOf(pid)
  if (worker === undefined) throw notAStage(pid, 'it has ended')
  if (programOf(worker) !== WORKER)
    throw notAStage(pid, `it was started by process ${worker} (${programOf(worker) ?? 'ended'})`)
  const script = argumentsOf(pid)[1] ?? ''
  const environment = readEnvironment(pid)
  const action = environment['GITHUB_ACTION'] ?? ''
  if (action === '' || !script.startsWith('/'))
    throw notAStage(pid, 'it runs no script of an action')
  const above = parentOf(worker)
  return {
    pid,
    action,
    folder: dirname(script),
    worker,
    listener: above !== undefined && programOf(above) === LISTENER ? above : undefined,
    identity: {
      repository: environment['GITHUB_REPOSITORY'] ?? null,
      workflow: environment['GITHUB_WORKFLOW'] ?? null,
      job: environment['GITHUB_JOB'] ?? null,
      runId: environment['GITHUB_RUN_ID'] ?? null,
      runAttempt: environment['GITHUB_RUN_ATTEMPT'] ?? null,
    },
    github: githubFacts(environment),
  }
}

function notAStage(pid: number, why: string): AgentError {
  return new AgentError(
    'NOT_A_STAGE',
    `process ${pid} asked the agent, and is no stage of an action that a runner started: ${why}`,
    'only the action itself asks the agent; a job runs it as its first step',
  )
}

/** Field 4 of /proc/PID/stat; undefined: there is no such process. */
export function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold anything.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return undefined
  }
}

/** The program's file by the kernel's word: a process can call itself anything. */
export function programOf(pid: number): string | undefined {
  try {
    return basename(readlinkSync(`/proc/${pid}/exe`))
  } catch {
    return undefined
  }
}

function argumentsOf(pid: number): string[] {
  try {
    // node's own options come before the script: the runner gives none.
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}

/** The child of a worker that runs a script now. */
export function childRunning(worker: number, script: string): number | undefined {
  return readdirSync('/proc')
    .map(Number)
    .find((pid) => pid > 0 && parentOf(pid) === worker && argumentsOf(pid)[1] === script)
}

/** A process and all that descend from it, but for one of them and what descends from that. */
export function familyOf(root: number, but: number): number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    const parent = Number.isInteger(pid) ? parentOf(pid) : undefined
    if (parent === undefined) continue
    const known = children.get(parent)
    if (known === undefined) children.set(parent, [pid])
    else known.push(pid)
  }
  const family: number[] = []
  const add = (pid: number): void => {
    if (pid === but) return
    family.push(pid)
    for (const child of children.get(pid) ?? []) add(child)
  }
  add(root)
  return family
}
