import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { cgroupNamespace } from '@runwarden/libbpf'
import { AgentError, errnoOf, messageOf } from './errors.ts'

/** A cgroup v2 subtree that one policy governs. */
export class Scope {
  readonly path: string
  /** Of the scope's own cgroup namespace. */
  private namespace: number | undefined

  private constructor(path: string, namespace?: number) {
    this.path = path
    this.namespace = namespace
  }

  /** Where a new scope goes: below the cgroup that this process is in. */
  static placeFor(hierarchy: string, name: string): string {
    const own = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '/'
    // In a cgroup namespace the path may lead out of what is mounted: then the mount's root is ours.
    const parent = own.includes('/../') || own.startsWith('/..') ? '/' : own
    return join(hierarchy, parent, name)
  }

  /** Makes the scope's cgroup. @throws AgentError */
  static create(path: string): Scope {
    try {
      mkdirSync(path, { mode: 0o755 })
    } catch (error) {
      throw new AgentError(
        'CGROUP',
        `cannot make the cgroup ${path}: ${messageOf(error)}`,
        'let this process make cgroups: run as root, with the cgroup v2 hierarchy writable',
        { cause: error },
      )
    }
    try {
      return new Scope(path, cgroupNamespace(path))
    } catch (error) {
      rmdirSync(path)
      throw new AgentError(
        'CGROUP',
        `cannot make a cgroup namespace of ${path}: ${messageOf(error)}`,
        'run as root, outside of a container or in one with --privileged',
        { cause: error },
      )
    }
  }

  /** A scope that an earlier agent made. */
  static at(path: string): Scope {
    return new Scope(path)
  }

  /** Made by this agent: what is in it, the agent has put there. */
  get isNew(): boolean {
    return this.namespace !== undefined
  }

  /** The kernel's id of the cgroup: its inode (cgroup v2). */
  id(): bigint {
    return statSync(this.path, { bigint: true }).ino
  }

  /** A file descriptor to which a process writes 0 to enter. */
  openEntrance(): number {
    return openSync(join(this.path, 'cgroup.procs'), 'w')
  }

  /** A file descriptor of a cgroup namespace whose root is the scope; undefined in a scope of an earlier agent. */
  openNamespace(): number | undefined {
    return this.namespace === undefined
      ? undefined
      : openSync(`/proc/self/fd/${this.namespace}`, 'r')
  }

  /** Whether any process is in the scope, or below it. */
  isPopulated(): boolean {
    try {
      return readFileSync(join(this.path, 'cgroup.events'), 'utf8').includes('populated 1')
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENODEV') return false
      throw error
    }
  }

  private folders(): string[] {
    const found: string[] = []
    const walk = (path: string): void => {
      found.push(path)
      for (const entry of readdirSync(path, { withFileTypes: true })) {
        if (entry.isDirectory()) walk(join(path, entry.name))
      }
    }
    try {
      walk(this.path)
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error
    }
    return found
  }

  /** Ids of the processes in the scope and below it. */
  processes(): number[] {
    return this.folders().flatMap((folder) => {
      try {
        return readFileSync(join(folder, 'cgroup.procs'), 'utf8')
          .split('\n')
          .filter(Boolean)
          .map(Number)
      } catch {
        // A threaded or vanished cgroup lists none.
        return []
      }
    })
  }

  /**
   * Ends every process in the scope: SIGTERM, and what is left after `graceMs` SIGKILL.
   * cgroup.kill reaches also what forks faster than it could be listed.
   */
  async end(graceMs: number): Promise<void> {
    if (!this.isPopulated()) return
    for (const pid of this.processes()) {
      try {
        process.kill(pid, 'SIGTERM')
      } catch {
        // It has ended by itself.
      }
    }
    const until = performance.now() + graceMs
    while (this.isPopulated() && performance.now() < until) await delay(5)
    if (this.isPopulated()) writeFileSync(join(this.path, 'cgroup.kill'), '1')
    while (this.isPopulated()) await delay(5)
  }

  /** Ends every process in the scope at once. */
  kill(): void {
    writeFileSync(join(this.path, 'cgroup.kill'), '1')
  }

  /** Removes the cgroup and what the job made below it. It must be empty. */
  async remove(): Promise<void> {
    if (this.namespace !== undefined) closeSync(this.namespace)
    this.namespace = undefined
    // A process that was reaped a moment ago may still hold its cgroup busy.
    for (let attempt = 1; ; attempt++) {
      try {
        for (const folder of this.folders().toReversed()) rmdirSync(folder)
        return
      } catch (error) {
        const code = errnoOf(error)
        if (code === 'ENOENT') return
        if (code !== 'EBUSY' || attempt === 400) throw error
        await delay(5)
      }
    }
  }
}
