import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { AgentError, errnoOf, messageOf } from '../errors.ts'
import { Scope } from '../scope.ts'
import { hierarchy } from '../service/cgroups.ts'
import { familyOf, parentOf } from './runner.ts'

/** How long processes may take to end by themselves, ms. */
export const graceMs = 5_000

/**
 * A job's own cgroup, below the one that its worker was in: limits of that one go on to hold, and what other runners of
 * the machine do is not in it.
 */
export class JobCgroup {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  /** That of an agent before this one. */
  static at(path: string): JobCgroup | undefined {
    return existsSync(path) ? new JobCgroup(path) : undefined
  }

  /**
   * Makes it, and takes the worker into it with all that it has started.
   * @throws AgentError
   */
  static make(worker: number, id: string): JobCgroup {
    const root = hierarchy()
    const path = join(root, cgroupOf(worker), `runwarden.job-${id}`)
    try {
      mkdirSync(path, { mode: 0o755 })
    } catch (error) {
      throw failed(path, error)
    }
    const cgroup = new JobCgroup(path)
    try {
      cgroup.#take(worker)
    } catch (error) {
      void cgroup.release()
      throw failed(path, error)
    }
    return cgroup
  }

  /** What is forked while it goes on is forked by processes that are in it, or is found by the next look. */
  #take(worker: number): void {
    const moved = new Set<number>()
    const own = agentRoot(worker)
    for (;;) {
      const left = familyOf(worker, own).filter((pid) => !moved.has(pid))
      if (left.length === 0) return
      for (const pid of left) {
        moved.add(pid)
        enter(this.path, pid)
      }
    }
  }

  /** Ends what is in it, and removes it. */
  async end(): Promise<void> {
    const scope = Scope.at(this.path)
    await scope.end(graceMs)
    await scope.remove()
  }

  /** Gives its processes back to the cgroup above, and removes it. */
  async release(): Promise<void> {
    const above = dirname(this.path)
    const scope = Scope.at(this.path)
    for (let round = 0; round < 200 && scope.isPopulated(); round++) {
      for (const pid of scope.processes()) enter(above, pid)
      if (scope.isPopulated()) await delay(5)
    }
    await scope.remove()
  }
}

/** The process below which the agent is, when it descends from the worker: started by it, it is not of the job. */
function agentRoot(worker: number): number {
  let pid = process.pid
  for (;;) {
    const parent = parentOf(pid)
    if (parent === undefined || parent <= 1) return process.pid
    // The stage of the action itself belongs to the job; what it has started for the agent does not.
    const above = parentOf(parent)
    if (above === worker) return pid
    pid = parent
  }
}

/** As in /proc/PID/cgroup. */
export function cgroupOf(pid: number): string {
  return /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1] ?? '/'
}

function enter(cgroup: string, pid: number): void {
  try {
    writeFileSync(join(cgroup, 'cgroup.procs'), String(pid))
  } catch (error) {
    // It has ended by itself.
    if (errnoOf(error) !== 'ESRCH') throw error
  }
}

function failed(path: string, error: unknown): AgentError {
  return new AgentError(
    'JOB_CGROUP',
    `the job cannot be taken into a cgroup of its own, ${path}: ${messageOf(error)}`,
    'let the cgroup of the runner have others below it: no controllers in its cgroup.subtree_control',
    { cause: error },
  )
}
