import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { endUngrantedBehind, pinnedMaps } from './enforce/left-behind.ts'
import { messageOf } from './errors.ts'
import { endHeld } from './https/held-watch.ts'
import { findCgroup2, readMounts } from './mounts.ts'
import { type Owner, ownNamespaces, processStart, removeFolder, stateHome } from './run-state.ts'
import { Scope } from './scope.ts'

/** The machine's own pid namespace (PROC_PID_INIT_INO of the kernel's proc_ns.h): who is in it sees every process. */
const MACHINE = 'pid:[4026531836]'

/**
 * Cleans up after runs whose agent is no more. A scope in which something still runs stays as
 * it is, its policy enforced as long as a mount namespace has the pins: the job's own is a copy of its agent's.
 * @returns a sentence for each run that was found.
 */
export async function sweep(): Promise<string[]> {
  let ids: string[]
  try {
    ids = readdirSync(stateHome)
  } catch {
    return []
  }
  const said: string[] = []
  for (const id of ids) {
    // What agents leave of scopes, jobs and what is unsent is there until one takes it over.
    if (!/^\d+-/.test(id)) continue
    const sentence = await sweepPatiently(id, said)
    if (sentence !== null) said.push(sentence)
  }
  return said
}

/** For how long what another run left is tried to be cleaned up, in steps of `stepMs`. */
const patienceMs = 1000
const stepMs = 20

/**
 * Runs that start at once clean up at once: what another one took away first, or holds for a moment, is no failure.
 * Nor does what cannot be cleaned up keep a run from starting.
 */
async function sweepPatiently(id: string, said: string[]): Promise<string | null> {
  const folder = join(stateHome, id)
  for (let waited = 0; ; waited += stepMs) {
    try {
      return await sweepRun(id, said)
    } catch (error) {
      if (!existsSync(folder)) return null
      if (waited >= patienceMs)
        return `run ${id}, whose agent did not end properly, is not cleaned up, and its policy stays enforced: ${messageOf(error)}`
      await delay(stepMs)
    }
  }
}

/** @param said what was done to processes of the run is added to it */
async function sweepRun(id: string, said: string[]): Promise<string | null> {
  const folder = join(stateHome, id)
  let owner: Owner
  try {
    owner = JSON.parse(readFileSync(join(folder, 'owner.json'), 'utf8')) as Owner
  } catch {
    // It has just ended by itself, or was cleaned up.
    if (!existsSync(folder)) return null
    // A run that is being made at this moment; one that died so early has no processes.
    if (processStart(Number.parseInt(id, 10)) !== undefined) return null
    removeFolder(folder)
    return `cleaned up after run ${id}, which ended before it was armed`
  }
  const own = owner.namespaces === ownNamespaces()
  if (own ? processStart(owner.pid) === owner.start : !areGone(owner.namespaces)) return null
  const cgroup = own ? owner.cgroup : cgroupFromHere(owner.cgroup, folder)
  // Its hierarchy is mounted nowhere any more: a run from there cleans up.
  if (cgroup === undefined) return null
  const scope = Scope.at(cgroup)
  if (own) said.push(...endHeld(pinnedMaps(join(folder, 'bpf', 'enforce'))))
  if (scope.isPopulated()) {
    const left = scope.processes().slice(0, 8).join(', ')
    return own
      ? `run ${id} lost its agent (process ${owner.pid}); its policy stays enforced on processes ${left}; end them to have it cleaned up`
      : `run ${id} lost its agent and its mount namespace; end processes ${left} to have it cleaned up`
  }
  endUngrantedBehind(join(folder, 'bpf', 'enforce'))
  await scope.remove()
  removeFolder(folder)
  return own
    ? `cleaned up after run ${id}, whose agent (process ${owner.pid}) did not end properly`
    : `cleaned up after run ${id}, whose agent and mount namespace are gone`
}

/** Whether no process is in a run's mount namespace any more, its agent included. False where not all can be seen. */
function areGone(namespaces: string): boolean {
  const [mounts = '', pids = ''] = namespaces.split(' ')
  const here = readlinkSync('/proc/self/ns/pid')
  if (here !== pids && here !== MACHINE) return false
  const running = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return running.every((pid) => {
    try {
      return readlinkSync(`/proc/${pid}/ns/mnt`) !== mounts
    } catch {
      // It has ended meanwhile.
      return true
    }
  })
}

/** A run's cgroup where the hierarchy is mounted for us: it may have been mounted for the run alone. */
function cgroupFromHere(cgroup: string, folder: string): string | undefined {
  const hierarchy = findCgroup2(readMounts())
  const place = join(folder, 'cgroup')
  if (!cgroup.startsWith(`${place}/`)) return cgroup
  return hierarchy === undefined ? undefined : join(hierarchy, cgroup.slice(place.length))
}
