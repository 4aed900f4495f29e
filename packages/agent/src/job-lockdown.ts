import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type BpfMap, type BpfObject, type Link, openObject } from '@runwarden/libbpf'
import { type CompiledPolicy, compile, type FailMode, policyOf } from '@runwarden/policy'
import { scopeIdentity } from '@runwarden/sensor'
import { defaultObjectDir } from './enforce/open-programs.ts'
import { readOnce } from './enforce/named-processes.ts'
import { Pins } from './enforce/pins.ts'
import { versionOf } from './enforce/version.ts'
import { AgentError } from './errors.ts'
import type { WatchPlace } from './watch/settings.ts'

/** How a job with a worker in its scope ends: the worker goes on, to the stage that tells why. */
export interface JobLockdownSettings {
  /** Of the job: a name for a file. Once it was ended it stays so, whatever becomes of the agent. */
  id: string
  /** Absolute path of the script of the action's post stage. */
  post: string
  /** GITHUB_ACTION of the action's steps. */
  action: string
  /** What becomes of a job that is not told of. */
  failMode: FailMode
  /** The scope's cgroup was made for the job: all in it is the job's, also what is in no step. */
  ownCgroup: boolean
}

interface JobLockdownParts extends Omit<JobLockdownSettings, 'action' | 'failMode'> {
  place: WatchPlace
  agentCgroup: bigint | undefined
  /** The sensor's map of processes. */
  members: BpfMap
  /** The enforcement's map of exempt processes: they go on. */
  exempt: BpfMap
}

const file = join(defaultObjectDir, 'lockdown.bpf.o')
/** As the kernel side has it (WORD_BYTES). */
const WORD_BYTES = 512
/** Of a job, as the kernel side has them. */
const states = { open: 0, locked: 1, suspended: 2 } as const
/** Between looks for what is left of a job that was ended, ms; the agent's tick goes on with them. */
const sweepMs = 10
/** While the job goes on, and when it was ended. */
const EXEC = 'lockdown_exec'
const CALL = 'lockdown_call'
const MAPS = ['lockdown_state', 'spared_script', 'spared_processes'] as const

/**
 * Ends the processes of a job's steps, and from then on each that is started for the job as soon as it runs its program: but for
 * exempt ones (the worker) and the action's post stage.
 */
export class JobLockdown {
  readonly #object: BpfObject
  readonly #pins: Pins
  readonly #links = new Map<string, Link>()
  #sweeping: NodeJS.Timeout | undefined

  private constructor(object: BpfObject, pins: Pins) {
    this.#object = object
    this.#pins = pins
  }

  /** @throws AgentError, BpfError when the job could not be ended */
  static open(parts: JobLockdownParts): JobLockdown {
    const { place, id } = parts
    for (const other of jobsIn(place)) if (other !== id) rmSync(folderOf(place, other), gone)
    const pins = new Pins(folderOf(place, id), versionOf(file))
    const kept = pins.maps(MAPS)
    const scope = scopeIdentity(place.scope.path)
    const object = openObject(file, {
      reuse: { members: parts.members, exempt_processes: parts.exempt, ...kept },
      globals: {
        scope_cgid: scope.id,
        scope_level: scope.level,
        agent_cgid: parts.agentCgroup ?? 0n,
        is_job_cgroup: Number(parts.ownCgroup),
        own_tgid: process.pid,
      },
    })
    const lockdown = new JobLockdown(object, pins)
    try {
      object.load()
      object.map('spared_script').set(scriptKey(parts.post), Buffer.from([1, 0, 0, 0]))
      readOnce(object, 'lockdown_ours')
      lockdown.#attach(EXEC)
      if (lockdown.isLocked) {
        lockdown.#attach(CALL)
        write(object.map('lockdown_state'), states.locked)
        lockdown.#sweepSoon(lockdown.sweep())
      }
      return lockdown
    } catch (error) {
      lockdown.close(true)
      throw error
    } finally {
      for (const map of Object.values(kept)) map.close()
    }
  }

  /** The job was ended, by this agent or an earlier one. */
  get isLocked(): boolean {
    return isSet(this.#object.map('lockdown_state'))
  }

  #attach(hook: string): void {
    this.#links.set(hook, this.#object.attach(hook))
    this.#pins.drop(hook)
    this.#pins.pin(this.#links, new Map(MAPS.map((name) => [name, this.#object.map(name)])))
  }

  /** Ends the job, for good. */
  end(): void {
    if (this.isLocked) return
    write(this.#object.map('lockdown_state'), states.locked)
    this.#attach(CALL)
    this.#sweepSoon(this.sweep())
  }

  /** Until nothing is found any more. @param found by the last look */
  #sweepSoon(found: number): void {
    if (found === 0) return
    this.#sweeping = setTimeout(() => this.#sweepSoon(this.sweep()), sweepMs).unref()
  }

  /**
   * Ends what runs of a job that was ended: call it again, what was made by a process that ended meanwhile is found by the next
   * look. @returns how many were told to end
   */
  sweep(): number {
    if (!this.isLocked) return 0
    using running = this.#object.attach('lockdown_running')
    const ids = running.read()
    for (let at = 0; at < ids.length; at += 4) {
      try {
        process.kill(ids.readInt32LE(at), 'SIGKILL')
      } catch {
        // It has ended by itself.
      }
    }
    return ids.length / 4
  }

  /** @param keep what is pinned stays in force */
  close(keep: boolean): void {
    clearTimeout(this.#sweeping)
    for (const link of this.#links.values()) link.close()
    if (!keep) this.#pins.remove()
    this.#object.close()
  }
}

/** A job's policy when it was ended: nobody may reach anything. */
export function closedPolicy(compiled: CompiledPolicy): CompiledPolicy {
  const { index } = compile(policyOf([]))
  const { blockedNames, blockedAddresses } = compiled.index
  return {
    ...compiled,
    egress: 'block',
    addresses: [],
    names: [],
    index: { ...index, blockedNames, blockedAddresses },
  }
}

const gone = { recursive: true, force: true } as const
const folderOf = ({ pinDir }: WatchPlace, id: string): string => join(pinDir, 'lockdown', id)

function jobsIn({ pinDir }: WatchPlace): string[] {
  const folder = join(pinDir, 'lockdown')
  return existsSync(folder) ? readdirSync(folder) : []
}

/** What is left of jobs that were ended holds for nobody, until it is taken over. */
export function suspendLockdowns(place: WatchPlace): void {
  for (const id of jobsIn(place)) {
    const kept = new Pins(folderOf(place, id), versionOf(file)).maps(MAPS)
    const { lockdown_state: state } = kept
    // At once: links that are nobody's any more linger for a moment.
    if (state !== undefined && isSet(state)) write(state, states.suspended)
    for (const map of Object.values(kept)) map.close()
    rmSync(join(folderOf(place, id), 'links'), gone)
  }
}

/** An earlier agent has ended the job. */
export function wasLockedDown(place: WatchPlace, id: string): boolean {
  const kept = new Pins(folderOf(place, id), versionOf(file)).maps(MAPS)
  try {
    return kept['lockdown_state'] !== undefined && isSet(kept['lockdown_state'])
  } finally {
    for (const map of Object.values(kept)) map.close()
  }
}

function isSet(state: BpfMap): boolean {
  return state.get(Buffer.alloc(4))?.readUInt32LE() !== states.open
}

function write(state: BpfMap, value: number): void {
  state.set(Buffer.alloc(4), Buffer.from([value, 0, 0, 0]))
}

function scriptKey(path: string): Buffer {
  const key = Buffer.alloc(WORD_BYTES)
  if (key.write(path) < Buffer.byteLength(path) || key[WORD_BYTES - 1] !== 0)
    throw new AgentError(
      'LOCKDOWN',
      `the path of the action's post script is longer than ${WORD_BYTES - 1} bytes: ${path}`,
      'have the runner in a folder with a shorter path, or name no detections in lockdown',
    )
  return key
}
