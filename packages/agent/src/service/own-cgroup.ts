import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AgentError, messageOf } from '../errors.ts'

const prefix = 'runwarden.agent-'

/** The cgroup that this process is in, as a directory of the hierarchy. */
function currentCgroup(hierarchy: string): string {
  return join(hierarchy, /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '/')
}

function isBelow(path: string, cgroup: string): boolean {
  return path === cgroup || path.startsWith(`${cgroup.replace(/\/$/, '')}/`)
}

/** A service of systemd has a cgroup of its own; leaving it would take it from systemd's sight. */
function isServiceOfItsOwn(cgroup: string): boolean {
  return process.env['INVOCATION_ID'] !== undefined && cgroup.endsWith('.service')
}

/**
 * A cgroup that only the agent is in, so that what it asks for the scopes' processes (names, above all) is not under
 * their policies, whoever else runs as its user.
 */
export class OwnCgroup {
  readonly path: string
  readonly #before: string

  private constructor(path: string, before: string) {
    this.path = path
    this.#before = before
  }

  /** @throws AgentError when this process can't be moved */
  static enter(hierarchy: string): OwnCgroup {
    const before = currentCgroup(hierarchy)
    if (isServiceOfItsOwn(before)) return new OwnCgroup(before, before)
    sweep(hierarchy)
    const path = join(hierarchy, `${prefix}${process.pid}`)
    try {
      mkdirSync(path, { recursive: true })
      writeFileSync(join(path, 'cgroup.procs'), String(process.pid))
    } catch (error) {
      throw new AgentError(
        'OWN_CGROUP',
        `the agent cannot have a cgroup of its own at ${path}: ${messageOf(error)}`,
        'run it as root, outside of containers, or as a service of systemd (deploy/systemd)',
        { cause: error },
      )
    }
    return new OwnCgroup(path, before)
  }

  /** Whether this process is in the subtree of a cgroup now. */
  static isIn(cgroup: string, hierarchy: string): boolean {
    return isBelow(currentCgroup(hierarchy), cgroup)
  }

  /** Whether it lies in the subtree of a cgroup. */
  isBelow(cgroup: string): boolean {
    return isBelow(this.path, cgroup)
  }

  leave(): void {
    if (this.path === this.#before) return
    try {
      writeFileSync(join(this.#before, 'cgroup.procs'), String(process.pid))
      rmdirSync(this.path)
    } catch {
      // The cgroup before is gone, or a child of this process has not ended yet: the next agent sweeps it.
    }
  }
}

/** Removes what killed agents left; those of living ones are busy. */
function sweep(hierarchy: string): void {
  for (const name of readdirSync(hierarchy)) {
    if (!name.startsWith(prefix)) continue
    try {
      rmdirSync(join(hierarchy, name))
    } catch {
      // Another agent's.
    }
  }
}
