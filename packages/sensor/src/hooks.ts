import { release } from 'node:os'
import type { Hook } from '@runwarden/events'
import { type BpfMap, BpfError, type BpfObject, type Link, openObject } from '@runwarden/libbpf'

/** One program of the sensor's object and what it is attached to. */
export interface HookSpec {
  program: string
  /** What the kernel calls it; shown to people. */
  name: string
  tier: 'T0' | 'T1'
  /** Programs that are of use only together: the variable that makes their T0 twins silent. */
  group?: 'opens_by_object' | 'names_by_object'
  /** For the same thing on different kernels: only one of each pair is loaded, this one first from this release on. */
  oneOf?: { thing: string; since: Release }
}

const t0 = (program: string, name: string): HookSpec => ({ program, name, tier: 'T0' })
const t1 = (program: string, name: string, group?: HookSpec['group']): HookSpec => ({
  program,
  name,
  tier: 'T1',
  ...(group === undefined ? {} : { group }),
})

/** A socket is refused to who has left the scope and is to be ended. */
export const leaverSocketHook = 'fmod_ret/security_socket_create'

/** Every hook, in the order in which `doctor` and reports list them. */
export const hookSpecs: readonly HookSpec[] = [
  t0('process_exec', 'tp_btf/sched_process_exec'),
  t0('process_fork', 'tp_btf/sched_process_fork'),
  t0('process_exit', 'tp_btf/sched_process_exit'),
  t0('process_moved', 'tp_btf/cgroup_attach_task'),
  t0('signal_sent', 'tp_btf/signal_generate'),
  t0('syscall_exit', 'tp_btf/sys_exit'),
  {
    ...t0('uring_submit_req', 'tp_btf/io_uring_submit_req'),
    oneOf: { thing: 'io_uring submission', since: [6, 4] },
  },
  {
    ...t0('uring_submit_sqe', 'tp_btf/io_uring_submit_sqe'),
    oneOf: { thing: 'io_uring submission', since: [0, 0] },
  },
  {
    ...t0('uring_complete_entry', 'tp_btf/io_uring_complete (entry)'),
    oneOf: { thing: 'io_uring completion', since: [6, 16] },
  },
  {
    ...t0('uring_complete_result', 'tp_btf/io_uring_complete (result)'),
    oneOf: { thing: 'io_uring completion', since: [0, 0] },
  },
  t1('object_file_open', 'fexit/security_file_open', 'opens_by_object'),
  t1('object_path_unlink', 'fentry/security_path_unlink', 'names_by_object'),
  t1('object_unlinked', 'fexit/vfs_unlink', 'names_by_object'),
  t1('object_path_rename', 'fentry/security_path_rename', 'names_by_object'),
  t1('object_renamed', 'fexit/vfs_rename', 'names_by_object'),
  t1('object_path_link', 'fentry/security_path_link', 'names_by_object'),
  t1('object_linked', 'fexit/vfs_link', 'names_by_object'),
  t1('object_path_symlink', 'fentry/security_path_symlink', 'names_by_object'),
  t1('object_symlinked', 'fexit/vfs_symlink', 'names_by_object'),
  t1('leaver_socket', leaverSocketHook),
]

export interface LoadOptions {
  /** Folder of observe.bpf.o and probe.bpf.o. */
  directory: string
  globals: Readonly<Record<string, bigint | number | Uint8Array>>
  /** Maps that are there from the first try on, for other objects, and stay the same. */
  shared?: readonly string[]
  /** Maps that were made elsewhere, by name. */
  reuse?: Readonly<Record<string, BpfMap>>
  /** Called between load and attach: the maps are there, no program runs yet. */
  prepare(object: BpfObject): void
  /** Leave T1 out, for the reason given. */
  withoutT1?: string
  /** Nobody that leaves the scope is to be ended: a hook less. */
  keepsLeavers?: boolean
  /** Programs of no hook that nobody will need: each costs the kernel time. */
  unneeded?: readonly string[]
}

export interface Loaded {
  object: BpfObject
  links: Link[]
  hooks: Hook[]
}

/** How a program stands: to be tried (no entry), refused, or not needed, with the reason. */
type States = Map<string, { state: 'refused' | 'unneeded'; reason: string }>

/** The first try: the kernel verifies it meanwhile. */
export interface FirstTry {
  object: BpfObject
  states: States
  direct: boolean
}

/**
 * Begins to load what the kernel may take; the shared maps are there at once.
 * @throws BpfError when the kernel takes no BPF at all
 */
export function tryHooks(options: LoadOptions): FirstTry {
  const states: States = new Map()
  const refusal = options.withoutT1 ?? fentryRefusal(`${options.directory}/probe.bpf.o`)
  for (const { program, tier } of refusal === null ? [] : hookSpecs) {
    if (tier === 'T1') states.set(program, { state: 'refused', reason: refusal ?? '' })
  }
  if (options.keepsLeavers === true)
    states.set('leaver_socket', { state: 'unneeded', reason: 'for block mode' })
  const kernel = kernelRelease()
  preferByRelease(states, kernel)
  // bpf_rdonly_cast is there since 6.2; a kernel that has it and refuses the quick way gets the slow one.
  const direct = isAtLeast(kernel, [6, 2])
  const object = openHooks(options, { states, direct })
  object.make(options.shared ?? [])
  object.loadAhead()
  return { object, states, direct }
}

function openHooks(
  { directory, globals, unneeded = [], reuse = {} }: LoadOptions,
  { states, direct }: Pick<FirstTry, 'states' | 'direct'>,
  shared: Readonly<Record<string, BpfMap>> = {},
): BpfObject {
  return openObject(`${directory}/observe.bpf.o`, {
    disable: [...states.keys(), ...unneeded],
    globals: { ...globals, ...silencers(states), direct_reads: direct ? 1 : 0 },
    reuse: { ...reuse, ...shared },
  })
}

/**
 * Loads and attaches what the kernel takes. A program that is refused is left out and listed with the
 * reason; the others are loaded without it.
 * @param first its maps are those that are shared: it is the caller's to close
 * @throws BpfError when it is not a program that is refused (no BTF, no permission)
 */
export function loadHooks(options: LoadOptions, first: FirstTry): Loaded {
  const { states } = first
  const shared = Object.fromEntries(
    (options.shared ?? []).map((name) => [name, first.object.map(name)]),
  )
  let { object, direct } = first
  for (;;) {
    const links: Link[] = []
    try {
      object.load()
      options.prepare(object)
      for (const { program } of hookSpecs) {
        if (!states.has(program)) links.push(object.attach(program))
      }
      return { object, links, hooks: listHooks(states) }
    } catch (error) {
      for (const link of links) link.close()
      if (object !== first.object) object.close()
      const program = error instanceof BpfError ? error.program : undefined
      if (direct && error instanceof BpfError && error.step === 'load') {
        direct = false
        object = openHooks(options, { states, direct }, shared)
        continue
      }
      const spec = hookSpecs.find((hook) => hook.program === program)
      // Not one program's matter, or one that is left out already: nothing would get better.
      if (!spec || states.has(spec.program)) throw error
      leaveOut(states, spec, reasonOf(error as BpfError))
      object = openHooks(options, { states, direct }, shared)
    }
  }
}

/** Why this kernel takes no fentry programs; null: it does. */
export function fentryRefusal(probePath: string): string | null {
  try {
    using probe = openObject(probePath)
    probe.load()
    using _link = probe.attach('fentry_taken')
    return null
  } catch (error) {
    if (error instanceof BpfError && error.step !== 'open') return reasonOf(error)
    throw error
  }
}

/** Of programs for the same thing, the one that fits this kernel is tried first. */
function preferByRelease(states: States, kernel: Release): void {
  const chosen = new Set<string>()
  for (const { program, oneOf } of hookSpecs) {
    if (!oneOf) continue
    if (isAtLeast(kernel, oneOf.since) && !chosen.has(oneOf.thing)) chosen.add(oneOf.thing)
    else states.set(program, { state: 'unneeded', reason: 'for another kernel' })
  }
}

/** Takes a refused program out, with what is of no use without it, and lets its twin be tried. */
function leaveOut(states: States, spec: HookSpec, reason: string): void {
  for (const other of hookSpecs) {
    if (spec.group && other.group === spec.group && !states.has(other.program)) {
      states.set(other.program, { state: 'refused', reason: `of no use without ${spec.name}` })
    }
    const { thing } = spec.oneOf ?? {}
    if (thing !== undefined && other.oneOf?.thing === thing && other !== spec) {
      // Tried once each: a twin that was refused before stays out.
      if (states.get(other.program)?.state === 'unneeded') states.delete(other.program)
    }
  }
  states.set(spec.program, { state: 'refused', reason })
}

function silencers(states: States): Record<string, number> {
  const groups: Record<string, number> = {}
  for (const { program, group } of hookSpecs) {
    if (group && !states.has(program)) groups[group] = 1
  }
  return groups
}

function reasonOf(error: BpfError): string {
  return error.errnoName ? `the kernel refused it: ${error.errnoName}` : error.message
}

function listHooks(states: States): Hook[] {
  return hookSpecs.map(({ program, name, tier }): Hook => {
    const { state, reason } = states.get(program) ?? { state: 'active', reason: '' }
    return { name, tier, state, reason }
  })
}

type Release = readonly [major: number, minor: number]

export function isAtLeast([major, minor]: Release, [sinceMajor, sinceMinor]: Release): boolean {
  return major > sinceMajor || (major === sinceMajor && minor >= sinceMinor)
}

export function kernelRelease(): Release {
  const [major, minor] = release().split('.')
  return [Number(major), Number.parseInt(minor ?? '0', 10)]
}
