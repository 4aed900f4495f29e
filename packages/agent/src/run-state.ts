import { execFileSync } from 'node:child_process'
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { AgentError, errnoOf, messageOf } from './errors.ts'
import { findCgroup2, readMounts } from './mounts.ts'
import { Scope } from './scope.ts'

/**
 * What a run keeps outside of its process, so that it can be cleaned up after it was killed:
 * /run/runwarden/<id>/ with owner.json, a bpf file system of its own for the pins, and, where
 * cgroup v2 is mounted nowhere, a mount of it.
 */

/** Where the state of runs and agents is kept by default. */
export const stateHome = '/run/runwarden'
/** Folder of the scopes of long-running agents, beside those of runs. */
export const scopesFolder = 'scopes'

export interface Owner {
  pid: number
  /** Start of the process, clock ticks since boot (field 22 of /proc/PID/stat). */
  start: string
  cgroup: string
  /** Its mount and pid namespaces: from others its process, mounts and cgroup look gone. */
  namespaces: string
}

/** The start of a process in clock ticks since boot, undefined when there is none of that id. */
export function processStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold anything; what follows it is the third field.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}

/** In the unit of processStart(). */
export function ticksSinceBoot(): number {
  return Math.floor(Number(readFileSync('/proc/uptime', 'utf8').split(' ', 1)[0]) * 100)
}

export function ownNamespaces(): string {
  return ['mnt', 'pid'].map((kind) => readlinkSync(`/proc/self/ns/${kind}`)).join(' ')
}

export function mount(type: string, path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  try {
    execFileSync('mount', ['-t', type, `runwarden-${type}`, path], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
  } catch (error) {
    throw new AgentError(
      'MOUNT',
      `cannot mount a ${type} file system on ${path}: ${messageOf(error)}`,
      'run as root outside of a container, or in one with --privileged',
      { cause: error },
    )
  }
}

function unmount(path: string): void {
  for (const { path: mounted } of readMounts()) {
    if (mounted !== path) continue
    try {
      execFileSync('umount', [path], { stdio: 'ignore' })
    } catch {
      // Somebody is in it (`find /`), or another start unmounts it at this moment: its pins go now, it goes with them.
      if (!readMounts().some((mount) => mount.path === path)) continue
      // The kernel's own files there cannot be removed.
      for (const entry of readdirSync(path, { withFileTypes: true }))
        if (path.endsWith('/bpf') && entry.isDirectory())
          rmSync(join(path, entry.name), { force: true, recursive: true })
      execFileSync('umount', ['--lazy', path], { stdio: 'ignore' })
    }
  }
}

/** A run's folder, mounts and cgroup. Closing it leaves nothing behind. */
export class RunState {
  readonly id: string
  readonly scope: Scope
  /** On a bpf file system of this run alone. */
  readonly pinDir: string
  readonly adopted = false
  private readonly folder: string

  private constructor(id: string, folder: string, scope: Scope) {
    this.id = id
    this.folder = folder
    this.scope = scope
    this.pinDir = join(folder, 'bpf')
  }

  /** Makes the folder, the mounts and the scope's cgroup of a new run. */
  static create(): RunState {
    const id = `${process.pid}-${process.hrtime.bigint().toString(36)}`
    const folder = join(stateHome, id)
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
    } catch (error) {
      throw new AgentError(
        'STATE',
        `cannot make ${folder}: ${messageOf(error)}`,
        'make /run writable',
        { cause: error },
      )
    }
    try {
      mount('bpf', join(folder, 'bpf'))
      let hierarchy = findCgroup2(readMounts())
      if (hierarchy === undefined) {
        hierarchy = join(folder, 'cgroup')
        mount('cgroup2', hierarchy)
      }
      // On record before it is there: whoever cleans up after a kill in between finds it.
      const cgroup = Scope.placeFor(hierarchy, `runwarden-${id}`)
      const owner: Owner = {
        pid: process.pid,
        start: processStart(process.pid) ?? '',
        cgroup,
        namespaces: ownNamespaces(),
      }
      writeFileSync(join(folder, 'owner.json'), JSON.stringify(owner), { mode: 0o600 })
      const scope = Scope.create(cgroup)
      return new RunState(id, folder, scope)
    } catch (error) {
      removeFolder(folder)
      throw error
    }
  }

  /** Removes all of it. The scope must be empty, and what is pinned closed. */
  async close(): Promise<void> {
    await this.scope.remove()
    removeFolder(this.folder)
  }
}

/** Each mount is a file system of its own: with it go its pins, and what only they held. */
export function removeFolder(folder: string): void {
  for (const part of ['bpf', 'cgroup']) {
    unmount(join(folder, part))
    rmSync(join(folder, part), { force: true, recursive: true })
  }
  rmSync(folder, { force: true, recursive: true })
  try {
    rmdirSync(stateHome)
  } catch (error) {
    // Another run's folder is in it, or it is gone: both are fine.
    if (!['ENOTEMPTY', 'ENOENT', 'EEXIST', 'EBUSY'].includes(errnoOf(error) ?? '')) throw error
  }
}
