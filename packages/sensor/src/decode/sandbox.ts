import { record_header, sandbox_change as c, sandbox_flags, sandbox_record } from '../layout.ts'
import type { SandboxChange, SandboxRecord } from '../record.ts'
import { type Batch, textOf } from './batch.ts'
import { decodeContainer } from './container.ts'
import { named } from './file.ts'
import { refusal, signalName } from './guard.ts'

/** CLONE_NEW*, in the order in which they are told (include/uapi/linux/sched.h). */
const namespaces: readonly [flag: number, name: string][] = [
  [0x10000000, 'user'],
  [0x00020000, 'mnt'],
  [0x20000000, 'pid'],
  [0x40000000, 'net'],
  [0x08000000, 'ipc'],
  [0x04000000, 'uts'],
  [0x02000000, 'cgroup'],
  [0x00000080, 'time'],
]

const ptraceRequests: Record<number, string> = { 0: 'TRACEME', 16: 'ATTACH', 0x4206: 'SEIZE' }

/** enum bpf_cmd, those that a job may be seen with. */
const bpfCommands: Record<number, string> = {
  0: 'MAP_CREATE',
  1: 'MAP_LOOKUP_ELEM',
  2: 'MAP_UPDATE_ELEM',
  3: 'MAP_DELETE_ELEM',
  4: 'MAP_GET_NEXT_KEY',
  5: 'PROG_LOAD',
  6: 'OBJ_PIN',
  7: 'OBJ_GET',
  8: 'PROG_ATTACH',
  9: 'PROG_DETACH',
  10: 'PROG_TEST_RUN',
  13: 'PROG_GET_FD_BY_ID',
  14: 'MAP_GET_FD_BY_ID',
  15: 'OBJ_GET_INFO_BY_FD',
  16: 'PROG_QUERY',
  17: 'RAW_TRACEPOINT_OPEN',
  18: 'BTF_LOAD',
  21: 'MAP_LOOKUP_AND_DELETE_ELEM',
  22: 'MAP_FREEZE',
  25: 'MAP_LOOKUP_AND_DELETE_BATCH',
  26: 'MAP_UPDATE_BATCH',
  27: 'MAP_DELETE_BATCH',
  28: 'LINK_CREATE',
  29: 'LINK_UPDATE',
  30: 'LINK_GET_FD_BY_ID',
  34: 'LINK_DETACH',
}

/** enum bpf_object_kind, by number. */
const bpfObjects = ['', 'map', 'program', 'link'] as const

function namespaceNames(flags: number): string {
  const names = namespaces.filter(([flag]) => flags & flag).map(([, name]) => name)
  return names.join(', ')
}

interface Told {
  change: SandboxChange
  detail: string
}

/** What a record's numbers and strings mean. */
interface Facts {
  args: readonly number[]
  /** The process acted upon; 0: none. */
  target: number
  /** Texts 0 and 1 as one path, 2 and 3 as one. */
  from: string
  to: string
  /** The texts as they are. */
  text(index: number): string
}

const tellers: Record<number, (facts: Facts) => Told> = {
  [c.SANDBOX_UNSHARE]: (f) => tell('namespace', `unshare(${namespaceNames(f.args[0] as number)})`),
  [c.SANDBOX_SETNS]: (f) =>
    tell('setns', `setns(${f.text(0) || namespaceNames(f.args[1] as number) || 'any'})`),
  [c.SANDBOX_CLONE]: (f) => tell('namespace', `clone(${namespaceNames(f.args[0] as number)})`),
  [c.SANDBOX_MOUNT]: (f) => tell('mount', `mount(${mounted(f)}${f.from})`),
  [c.SANDBOX_UMOUNT]: (f) => tell('unmount', `umount(${f.from})`),
  [c.SANDBOX_MOVE_MOUNT]: (f) => tell('mount', `move_mount(${f.from} to ${f.to})`),
  [c.SANDBOX_PIVOT_ROOT]: (f) => tell('chroot', `pivot_root(${f.from}, ${f.to})`),
  [c.SANDBOX_CHROOT]: (f) => tell('chroot', `chroot(${f.from})`),
  [c.SANDBOX_PTRACE]: (f) =>
    tell('ptrace', `ptrace(${ptraceRequests[f.args[0] as number] ?? f.args[0]})`),
  [c.SANDBOX_MEMORY_READ]: (f) => tell('process-memory', `process_vm_readv(${f.args[0]})`),
  [c.SANDBOX_MEMORY_WRITE]: (f) => tell('process-memory', `process_vm_writev(${f.args[0]})`),
  [c.SANDBOX_PIDFD_GETFD]: (f) => tell('process-memory', `pidfd_getfd(fd ${f.args[1]})`),
  [c.SANDBOX_CORE_LIMIT]: (f) => tell('core-limit', `prlimit(${f.args[0]}, RLIMIT_CORE)`),
  [c.SANDBOX_CORE_SIGNAL]: (f) =>
    tell('core-signal', `${signalName(f.args[0] as number)} to Runner.Worker`),
  [c.SANDBOX_CORE_ASKED]: (f) => tell('core-asked', `connect(${f.from})`),
  [c.SANDBOX_INIT_MODULE]: (f) => tell('module', `init_module(${f.args[0]} bytes)`),
  [c.SANDBOX_FINIT_MODULE]: (f) => tell('module', `finit_module(${f.from})`),
  [c.SANDBOX_DELETE_MODULE]: (f) => tell('module', `delete_module(${f.text(1)})`),
  [c.SANDBOX_KEXEC]: (f) => tell('module', `kexec(${f.from === '/' ? '' : f.from})`),
  [c.SANDBOX_PORTS]: () => tell('capability', 'iopl or ioperm()'),
  [c.SANDBOX_BPF]: (f) => {
    const object = bpfObjects[f.args[1] as number] ?? ''
    const what = object === '' ? '' : `, ${object} ${f.args[2]}`
    return tell('bpf', `bpf(${bpfCommands[f.args[0] as number] ?? f.args[0]}${what})`)
  },
  [c.SANDBOX_CAPSET]: (f) =>
    tell('capability', `capset(effective 0x${(f.args[0] as number).toString(16)})`),
  [c.SANDBOX_IO_URING_SETUP]: (f) => tell('io_uring', `io_uring_setup(${f.args[0]} entries)`),
  [c.SANDBOX_CGROUP_LEFT]: (f) =>
    tell(
      'cgroup',
      `left the scope for ${f.text(1) === '' ? 'another cgroup' : `cgroup ${f.text(1)}`}`,
    ),
  [c.SANDBOX_SIGNAL]: (f) => tell('signal', `${signalName(f.args[0] as number)} to the agent`),
  [c.SANDBOX_GUARD]: (f) => {
    const [act = 0, what = 0] = f.args
    return tell('guard', refusal(act, what, f.target))
  },
  [c.SANDBOX_ENGINE]: (f) =>
    tell(
      'engine',
      `connect(${f.text(1) === '' ? f.from : abstractName(f.text(1))})${f.args[0] === 1 ? ', and was ended' : ''}`,
    ),
  [c.SANDBOX_CONTAINER]: () => tell('container', 'container()'),
  [c.SANDBOX_FSMOUNT]: () => tell('mount', 'fsmount()'),
  [c.SANDBOX_OPEN_TREE]: (f) => tell('mount', `open_tree(${f.from})`),
  [c.SANDBOX_MOUNT_SETATTR]: (f) => tell('mount', `mount_setattr(${f.from})`),
}

/** MS_BIND and MS_MOVE */
const FROM_A_PLACE = 0x3000

/** What was mounted, and what of: an overlay's options say that. */
function mounted({ args: [flags = 0], to, text }: Facts): string {
  if (flags & FROM_A_PLACE) return `${to} on `
  const [source, type] = [text(2), text(3)]
  // Of file systems without a device the source is any word.
  const words = [type, source === type || source === 'none' ? '' : source].filter(Boolean)
  return words.length === 0 ? '' : `${words.join(' ')} on `
}

/** As the kernel's own lists have it: zeroes are shown as `@`. */
const abstractName = (name: string): string => `@${name.replaceAll('\0', '@')}`

function tell(change: SandboxChange, detail: string): Told {
  return { change, detail }
}

/** struct sandbox_record at byte `at` of the batch. */
export function decodeSandbox(batch: Batch, at: number): SandboxRecord {
  const { u16, u32, i32 } = batch
  const flags = u16[(at + record_header.flags) >>> 1] as number
  const bounds = [textOf(at)]
  for (let i = 0; i < 4; i++) {
    bounds.push((bounds[i] as number) + (u16[(at + sandbox_record.size + 2 * i) >>> 1] as number))
  }
  const [a, b, d, e, end] = bounds as [number, number, number, number, number]
  const result = i32[(at + sandbox_record.result) >>> 2] as number
  const target = u32[(at + sandbox_record.target) >>> 2] as number
  const facts: Facts = {
    args: [0, 8, 16].map((offset) => batch.wide(at + sandbox_record.args + offset)),
    target,
    from: named(batch, a, b, d),
    to: named(batch, d, e, end),
    text: (index) => batch.text(bounds[index] as number, bounds[index + 1] as number),
  }
  const code = u32[(at + sandbox_record.change) >>> 2] as number
  const { change, detail } = tellers[code]?.(facts) ?? tell('namespace', `change ${code}`)
  return {
    kind: 'sandbox',
    time: batch.wide(at + record_header.time),
    tgid: u32[(at + record_header.tgid) >>> 2] as number,
    start: batch.wide(at + record_header.start),
    execId: batch.identity(at + record_header.tgid, at + record_header.start),
    uid: u32[(at + record_header.uid) >>> 2] as number,
    change,
    detail,
    truth: flags & sandbox_flags.SANDBOX_USER_TEXT ? 'user' : 'kernel',
    errno: result < 0 ? -result : 0,
    targetPid: target === 0 ? null : target,
    ...(code === c.SANDBOX_CONTAINER ? { container: decodeContainer(batch, at) } : {}),
  }
}
