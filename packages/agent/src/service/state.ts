import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AgentError, errnoOf } from '../errors.ts'
import { dropClassifiers } from '../link/link-layer.ts'
import { readMounts } from '../mounts.ts'
import {
  mount,
  ownNamespaces,
  processStart,
  removeFolder,
  scopesFolder,
  stateHome,
  type Owner,
} from '../run-state.ts'
import { Scope } from '../scope.ts'
import type { WatchPlace } from '../watch/settings.ts'

function readOwner(folder: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'owner.json'), 'utf8')) as Owner
  } catch {
    return undefined
  }
}

/** @param start of this process, by which it is told from a later one with its number */
function writeOwner(folder: string, cgroup: string, start: string): void {
  const owner: Owner = { pid: process.pid, start, cgroup, namespaces: ownNamespaces() }
  writeFileSync(join(folder, 'owner.json'), JSON.stringify(owner), { mode: 0o600 })
}

/** Its agent runs; in another pid namespace that cannot be seen, and is taken for granted. */
function isHeld(owner: Owner): boolean {
  const [, pids] = owner.namespaces.split(' ')
  return pids !== ownNamespaces().split(' ')[1] || processStart(owner.pid) === owner.start
}

function isMounted(path: string): boolean {
  return readMounts().some((mounted) => mounted.path === path && mounted.type === 'bpf')
}

/**
 * What an agent keeps of one scope outside of its process: `<home>/scopes/<id of the cgroup>/` with
 * owner.json and a bpf file system for the pins, so that the next agent takes over what is in force.
 */
export class ScopeState implements WatchPlace {
  readonly scope: Scope
  readonly pinDir: string
  readonly adopted: boolean
  readonly #folder: string

  private constructor(scope: Scope, folder: string, adopted: boolean) {
    this.scope = scope
    this.#folder = folder
    this.pinDir = join(folder, 'bpf')
    this.adopted = adopted
  }

  /**
   * Takes hold of a cgroup's scope.
   * @param home the agent's state folder; @param cgroup directory of a cgroup that is there
   * @throws AgentError SCOPE_HELD when another agent has it
   */
  static take(home: string, cgroup: string): ScopeState {
    const scope = Scope.at(cgroup)
    const folder = join(home, scopesFolder, String(scope.id()))
    const owner = readOwner(folder)
    if (owner !== undefined && isHeld(owner)) {
      throw new AgentError(
        'SCOPE_HELD',
        `the cgroup ${cgroup} is under the policy of another agent (process ${owner.pid})`,
        'stop that agent first, or name the cgroup in one configuration only',
      )
    }
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const pins = join(folder, 'bpf')
    if (!isMounted(pins)) mount('bpf', pins)
    const adopted = existsSync(join(pins, 'enforce', 'links'))
    writeOwner(folder, cgroup, processStart(process.pid) ?? '')
    return new ScopeState(scope, folder, adopted)
  }

  /** Its cgroup is still there: a job's may end before the agent. */
  get isAlive(): boolean {
    try {
      return String(this.scope.id()) === this.#folder.slice(this.#folder.lastIndexOf('/') + 1)
    } catch {
      return false
    }
  }

  /** What is in force stays so, and is there for the next agent, or for this one, to take. */
  letGo(): void {
    writeOwner(this.#folder, this.scope.path, 'nobody')
  }

  close(): Promise<void> {
    dropFolder(this.#folder)
    return Promise.resolve()
  }
}

function dropFolder(folder: string): void {
  // Only a scope that is the whole machine has a link layer.
  if (existsSync(join(folder, 'bpf', 'uplinks'))) dropClassifiers()
  removeFolder(folder)
  try {
    rmdirSync(join(folder, '..'))
    rmdirSync(join(folder, '../..'))
  } catch (error) {
    // Another scope's folder is in it, or a run's: both are fine.
    if (!['ENOTEMPTY', 'ENOENT', 'EEXIST', 'EBUSY'].includes(errnoOf(error) ?? '')) throw error
  }
}

/** A scope that no agent has, whose policy is still enforced. */
export interface Orphan {
  cgroup: string
  /** Ends the enforcement. */
  release(): void
}

/**
 * The scopes that agents which are no more left in force. What they left of cgroups that are gone is
 * cleaned up.
 */
export function orphans(home = stateHome): Orphan[] {
  const folder = join(home, scopesFolder)
  const found: Orphan[] = []
  for (const id of existsSync(folder) ? readdirSync(folder) : []) {
    const path = join(folder, id)
    const owner = readOwner(path)
    if (owner !== undefined && isHeld(owner)) continue
    const alive = owner !== undefined && cgroupId(owner.cgroup) === id
    if (alive) found.push({ cgroup: owner.cgroup, release: () => dropFolder(path) })
    else dropFolder(path)
  }
  return found
}

function cgroupId(path: string): string | undefined {
  try {
    return String(Scope.at(path).id())
  } catch {
    return undefined
  }
}
