import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type BpfMap, type BpfObject, type Link, openObject } from '@runwarden/libbpf'
import { kernelIdentity, mountDevices, scopeIdentity } from '@runwarden/sensor'
import { EnforceError } from './error.ts'
import { NamedProcesses, type ProcessName, readOnce } from './named-processes.ts'
import { Pins } from './pins.ts'
import { encodeNumber } from './policy-entries.ts'
import { versionOf } from './version.ts'

/** Who in a scope its policy does not hold for. What is not there is not exempt until it is found: see Enforcer.refindExempt. */
export interface Exemptions {
  /** Directories of cgroups: with all below them. */
  cgroups: readonly string[]
  /** Paths of programs: the processes that run them, not those that they start. */
  programs: readonly string[]
  /** Processes that run now: exempt until they end or run another program, and not what they start. */
  processes?: readonly ProcessName[]
}

/** As many bits as the kernel side has for programs. */
const MOST_PROGRAMS = 32

/** Depth that the kernel side looks down to (EXEMPT_LEVELS). */
const DEEPEST = 16

/** Values of the enforcement object's variables. @throws EnforceError when there are too many, or too deep ones */
export function exemptGlobals(exempt: Exemptions | undefined): Record<string, number> {
  if (exempt === undefined) return {}
  const levels = exempt.cgroups.map((cgroup) => levelOf(cgroup))
  const level = Math.max(0, ...levels)
  if (level > DEEPEST || levels.includes(0)) {
    throw new EnforceError(
      'ENFORCE_EXEMPT',
      `an exempt cgroup is ${level} levels below the root`,
      `exempt cgroups from 1 to ${DEEPEST} levels below the root`,
    )
  }
  return { has_exemptions: 1, exempt_level: level }
}

/** How deep a cgroup is, or will be when it is made. */
function levelOf(path: string): number {
  return existsSync(path) ? scopeIdentity(path).level : levelOf(dirname(path)) + 1
}

export function encodeCgroupId(id: bigint): Buffer {
  const key = Buffer.alloc(8)
  key.writeBigUInt64LE(id)
  return key
}

/** Puts exactly those of these cgroups into the map that are there, first the new ones. */
export function exemptCgroups(map: BpfMap, cgroups: readonly string[]): void {
  const wanted = new Set(
    cgroups.flatMap((path) => statSync(path, { bigint: true, throwIfNoEntry: false })?.ino ?? []),
  )
  for (const id of wanted) map.set(encodeCgroupId(id), Buffer.from([1]))
  for (const [key] of Array.from(map.entries()))
    if (!wanted.has(key.readBigUInt64LE())) map.delete(key)
}

/** Follows which processes are exempt: those that run exempt programs, and those that are named. */
export class ExemptProcesses {
  readonly #object: BpfObject
  readonly #links = new Map<string, Link>()
  readonly #programs: readonly string[]
  /** A program keeps its bit when an update puts another file in its place: who descends from the old one is known by it. */
  readonly #bits = new Map<string, number>()
  readonly #named: NamedProcesses

  private constructor(object: BpfObject, programs: readonly string[]) {
    this.#object = object
    this.#programs = programs
    this.#named = new NamedProcesses(object)
  }

  /**
   * @param shared the enforcement object's maps of exempt processes and of what they make
   * @param pinDir a folder in a bpffs, or what an earlier agent left of it
   * @throws EnforceError which process can't be exempt
   */
  static follow(
    objectDir: string,
    { programs, processes = [] }: Exemptions,
    shared: Readonly<Record<(typeof SHARED)[number], BpfMap>>,
    pinDir: string | undefined,
  ): ExemptProcesses {
    const file = join(objectDir, 'exempt.bpf.o')
    const pins = pinDir === undefined ? undefined : new Pins(pinDir, versionOf(file))
    const kept = pins?.maps(MAPS) ?? {}
    const isFirst = kept[MAPS[0]] === undefined
    const object = openObject(file, {
      reuse: { ...shared, ...kept },
      globals: { is_first: Number(isFirst) },
    })
    const followed = new ExemptProcesses(object, programs)
    try {
      object.load()
      followed.reload()
      for (const program of HOOKS) followed.#links.set(program, object.attach(program))
      // Before they were followed.
      if (isFirst) readOnce(object, 'exempt_running')
      followed.#named.find(processes)
      readOnce(object, 'exempt_held')
      if (pins !== undefined) {
        for (const program of HOOKS) pins.drop(program)
        pins.pin(followed.#links, new Map(MAPS.map((name) => [name, object.map(name)])))
      }
      return followed
    } catch (error) {
      followed.close()
      throw error
    } finally {
      for (const map of Object.values(kept)) map.close()
    }
  }

  /** The policy has come into force: what they have connected meanwhile goes on, too. Once. */
  begin(): void {
    readOnce(this.#object, 'exempt_held')
    this.#named.settle()
  }

  /** Finds the programs' files anew: an update may have put others in their place, or there are some now. */
  reload(): void {
    const map = this.#object.map('exempt_programs')
    const known = new Map(
      Array.from(map.entries(), ([key, value]) => [key.toString('hex'), value.readUInt32LE()]),
    )
    const mounts = mountDevices()
    const wanted = new Map<string, string>()
    for (const path of this.#programs) {
      const key = programKey(path, mounts)
      if (key !== undefined) wanted.set(key, path)
    }
    for (const key of known.keys()) {
      if (wanted.has(key)) continue
      map.delete(Buffer.from(key, 'hex'))
      known.delete(key)
    }
    for (const [key, path] of wanted) {
      const bit = known.get(key) ?? this.#bits.get(path) ?? this.#freeBit(known.values())
      this.#bits.set(path, bit)
      if (!known.has(key)) map.set(Buffer.from(key, 'hex'), encodeNumber(bit))
      known.set(key, bit)
    }
  }

  #freeBit(known: Iterable<number>): number {
    const taken = [...known, ...this.#bits.values()].reduce((all, bit) => all | bit, 0)
    const free = Array.from({ length: MOST_PROGRAMS }, (_, i) => (1 << i) >>> 0).find(
      (bit) => (taken & bit) === 0,
    )
    if (free !== undefined) return free
    throw new EnforceError(
      'ENFORCE_EXEMPT',
      `${this.#programs.length} programs are to be exempt`,
      `exempt at most ${MOST_PROGRAMS} programs; a cgroup exempts all that runs in it`,
    )
  }

  /** What is pinned stays in force. */
  close(): void {
    for (const link of this.#links.values()) link.close()
    this.#object.close()
  }
}

/** Of the enforcement object. */
const SHARED = ['exempt_processes', 'exempt_sockets'] as const
const HOOKS = ['exempt_exec', 'exempt_fork', 'exempt_exit'] as const
const MAPS = ['exempt_ancestors', 'exempt_programs', 'named_processes'] as const

/** As in the map, hex; undefined: there is no such file. */
function programKey(path: string, mounts: Map<string, number>): string | undefined {
  const identity = kernelIdentity(path, mounts)
  if (identity === null) return undefined
  const key = Buffer.alloc(16)
  key.writeBigUInt64LE(identity.inode, 0)
  key.writeUInt32LE(identity.device, 8)
  return key.toString('hex')
}
