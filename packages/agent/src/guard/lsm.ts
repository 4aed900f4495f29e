import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Hook } from '@runwarden/events'
import { BpfError, type BpfMap, type BpfObject, type Link, openObject } from '@runwarden/libbpf'
import { builtObjects, kernelIdentity, mountDevices, scopeIdentity } from '@runwarden/sensor'
import { messageOf } from '../errors.ts'
import type { HeldObjects } from './objects.ts'

/** Programs of guard.bpf.c, and what the kernel calls their hooks. */
const programs: readonly [program: string, hook: string][] = [
  ['guard_bpf', 'lsm/bpf'],
  ['guard_map', 'lsm/bpf_map'],
  ['guard_program', 'lsm/bpf_prog'],
  ['guard_kill', 'lsm/task_kill'],
  ['guard_trace', 'lsm/ptrace_access_check'],
  ['guard_limit', 'lsm/task_setrlimit'],
  ['guard_scheduler', 'lsm/task_setscheduler'],
  ['guard_inode', 'lsm/inode_permission'],
  ['guard_unlink', 'lsm/inode_unlink'],
  ['guard_rename', 'lsm/inode_rename'],
  ['guard_unmount', 'lsm/sb_umount'],
  ['guard_mount', 'lsm/sb_mount'],
  ['guard_move_mount', 'lsm/move_mount'],
  ['guard_kernel', 'lsm/locked_down'],
  ['guard_family', 'lsm/socket_create'],
]

/** enum guarded_kind */
const kinds = { map: 1, program: 2, link: 3, mount: 4 } as const

export interface LsmOptions {
  /** Folder of guard.bpf.o. */
  objectDir?: string
  scopeCgroup: string
  /** In a bpffs of this scope alone, whose folder is the agent's. */
  pinDir: string
  /** Files and folders that nobody of the scope changes. */
  places: readonly string[]
  /** The sensor's rings and its count of losses. */
  reuse: Readonly<Record<'urgent' | 'bulk' | 'lost', BpfMap>>
  blocks: boolean
  /** Why no LSM program can be taken here; null: it is tried. */
  refusal: string | null
}

/**
 * Why this kernel takes no LSM programs, as far as can be seen without trying; null: nothing speaks against it.
 * @param fentry why it takes no fentry programs, which are loaded in the same way; null: it does
 */
export function lsmRefusal(fentry: string | null): string | null {
  let list
  try {
    list = readFileSync('/sys/kernel/security/lsm', 'utf8').trim()
  } catch {
    // Without securityfs it is tried, unless fentry was refused already.
    return fentry
  }
  return list.split(',').includes('bpf')
    ? null
    : `the kernel's list of security modules (${list}) has no bpf: boot it with lsm=${list},bpf`
}

/** LSM programs that keep the scope's processes from what enforces their policy: tier T2. */
export class Lsm {
  readonly hooks: Hook[]
  readonly #object: BpfObject | null
  readonly #links: readonly Link[]
  readonly #pinDir: string

  private constructor(
    object: BpfObject | null,
    hooks: Hook[],
    links: readonly Link[],
    pinDir: string,
  ) {
    this.#object = object
    this.hooks = hooks
    this.#links = links
    this.#pinDir = pinDir
  }

  /** Loads and attaches what the kernel takes; what it refuses is listed with the reason. */
  static start(options: LsmOptions): Lsm {
    const refused = new Map<string, string>()
    if (options.refusal !== null) return Lsm.#without(options.refusal)
    const object = load(options, refused)
    if (typeof object === 'string') return Lsm.#without(object)
    const links: Link[] = []
    object.run('adopt')
    setNumber(object.map('guard_blocks'), Number(options.blocks))
    for (const [program] of programs) {
      if (refused.has(program)) continue
      try {
        links.push(object.attach(program))
      } catch (error) {
        refused.set(program, reasonOf(error))
      }
    }
    pin(links, join(options.pinDir, 'guard'))
    const hooks = programs.map(([program, name]): Hook => ({
      name,
      tier: 'T2',
      state: refused.has(program) ? 'refused' : 'active',
      reason: refused.get(program) ?? '',
    }))
    return new Lsm(object, hooks, links, options.pinDir)
  }

  static #without(reason: string): Lsm {
    return new Lsm(
      null,
      programs.map(([, name]) => ({ name, tier: 'T2', state: 'refused', reason })),
      [],
      '',
    )
  }

  get isActive(): boolean {
    return this.hooks.some(({ state }) => state === 'active')
  }

  /** Nobody of the scope gets hold of these from here on. */
  guard(
    { maps, programs: held, links }: HeldObjects,
    places: readonly string[],
    folders: string[],
  ): void {
    if (this.#object === null) return
    const guarded = this.#object.map('guarded')
    const add = (kind: number, id: number): void => {
      const key = Buffer.alloc(8)
      key.writeUInt32LE(kind, 0)
      key.writeUInt32LE(id, 4)
      guarded.set(key, Buffer.of(1))
    }
    for (const id of maps) add(kinds.map, id)
    for (const id of held) add(kinds.program, id)
    for (const { id } of links) add(kinds.link, id)
    for (const id of mountsAbove(folders)) add(kinds.mount, id)
    const files = this.#object.map('guarded_files')
    const devices = mountDevices()
    for (const place of places) {
      const identity = kernelIdentity(place, devices)
      if (identity === null) continue
      const key = Buffer.alloc(16)
      key.writeUInt32LE(identity.device, 0)
      key.writeBigUInt64LE(identity.inode, 8)
      files.set(key, Buffer.of(1))
    }
  }

  /** Another policy is in force. */
  setBlocks(blocks: boolean): void {
    if (this.#object !== null) setNumber(this.#object.map('guard_blocks'), Number(blocks))
  }

  /** Gives names to what has lost them. */
  repair(): void {
    if (this.#object !== null) pin(this.#links, join(this.#pinDir, 'guard'))
  }

  /** Lets go of it; what is pinned stays. */
  close(): void {
    for (const link of this.#links) link.close()
    this.#object?.close()
  }
}

/** Loads what the kernel takes, or says why it takes nothing. */
function load(options: LsmOptions, refused: Map<string, string>): BpfObject | string {
  const devices = mountDevices()
  const folder = kernelIdentity(dirname(options.pinDir), devices)
  const pins = kernelIdentity(options.pinDir, devices)
  const scope = scopeIdentity(options.scopeCgroup)
  for (;;) {
    const object = openObject(join(options.objectDir ?? builtObjects(), 'guard.bpf.o'), {
      disable: [...refused.keys()],
      reuse: options.reuse,
      globals: {
        scope_cgid: scope.id,
        scope_level: scope.level,
        folder_device: folder?.device ?? 0,
        folder_inode: folder?.inode ?? 0n,
        pins_device: pins?.device ?? 0,
        sysrq_inode: inodeOf('/proc/sysrq-trigger'),
      },
    })
    try {
      object.load()
      return object
    } catch (error) {
      object.close()
      const program = error instanceof BpfError ? error.program : undefined
      const known = programs.some(([name]) => name === program)
      // Lockdown refuses them all; one by one would take long to find out.
      if (
        program === undefined ||
        !known ||
        refused.has(program) ||
        (error as BpfError).errnoName === 'EPERM'
      )
        return reasonOf(error)
      refused.set(program, reasonOf(error))
    }
  }
}

function inodeOf(path: string): bigint {
  try {
    return statSync(path, { bigint: true }).ino
  } catch {
    return 0n
  }
}

function setNumber(map: BpfMap, number: number): void {
  const value = Buffer.alloc(4)
  value.writeUInt32LE(number)
  map.set(Buffer.alloc(4), value)
}

/** An earlier agent's guard goes when this one's is there. */
function pin(links: readonly Link[], folder: string): void {
  const before = `${folder}-before`
  try {
    renameSync(folder, before)
  } catch {
    // There was none.
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  for (const [index, link] of links.entries()) link.pin(join(folder, `link_${index}`))
  for (const name of namesIn(before)) rmSync(join(before, name))
  rmSync(before, { recursive: true, force: true })
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** Ids of the mounts that these folders are on, and of those that these are mounted on. */
function mountsAbove(folders: readonly string[]): number[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , , , point]) => point !== undefined)
  const above = mounts.filter(([, , , , point = '']) =>
    folders.some(
      (folder) => folder === point || folder.startsWith(point === '/' ? '/' : `${point}/`),
    ),
  )
  return above.map(([id]) => Number(id))
}

function reasonOf(error: unknown): string {
  return error instanceof BpfError && error.errnoName !== ''
    ? `the kernel refused it: ${error.errnoName}`
    : messageOf(error)
}
