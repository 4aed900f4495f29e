import { getSystemErrorName } from 'node:util'

/** At which step something was refused. */
export type BpfStep =
  | 'binding'
  | 'open'
  | 'load'
  | 'attach'
  | 'map'
  | 'pin'
  | 'ring'
  | 'socket'
  | 'run'
  | 'iter'
  | 'cgroup'

const reasons: Record<string, string> = {
  BPF_OPEN: 'cannot open the BPF object',
  BPF_LOAD: 'cannot load the BPF object',
  BPF_ATTACH: 'cannot attach the program',
  BPF_DETACH: 'cannot detach the program',
  BPF_NO_PROGRAM: 'the object has no such program',
  BPF_NO_MAP: 'there is no such map',
  BPF_NO_GLOBAL: 'the object has no such variable in .rodata, .data or .bss',
  BPF_NOT_LOADED: 'load the object first',
  BPF_REUSE:
    'the other map cannot take the place of this one (type, key size and value size must agree)',
  BPF_RESIZE: 'cannot set the number of entries',
  BPF_SIZE: 'the value does not fit the variable',
  BPF_MAP: 'the kernel refused the map operation',
  BPF_KEY_SIZE: "the key's length is not the map's key size",
  BPF_VALUE_SIZE: "the value's length is not the map's value size",
  BPF_PIN: 'cannot pin here (is it a bpffs, and is the name free?)',
  BPF_OPEN_PIN: 'cannot open what is pinned here',
  BPF_RING: 'cannot read the ring buffers',
  BPF_RING_BUSY: 'onBatch must not drain the reader that called it',
  BPF_RUN: 'cannot run the program',
  BPF_ITER: 'cannot read the iterator',
  BPF_CGROUP: 'cannot start a process in the cgroup',
  BPF_QUERY: 'cannot say which programs are on the cgroup',
  BPF_ADDRESS: 'not an IPv4 or IPv6 address',
  BPF_CLOSED: 'used after close()',
  BPF_MEMORY: 'out of memory',
  BPF_NAMESPACE: 'no such network namespace',
  BPF_BIND: 'cannot bind a socket in that network namespace',
  BPF_NETLINK: 'cannot read what the kernel tells',
  BPF_PEER: 'the socket has no process at its other end',
  BPF_BATCH_SPACE: 'the batch is too small',
}

/** A step that the kernel, libbpf or the binding refused. */
export class BpfError extends Error {
  override readonly name = 'BpfError'
  /** Stable, e.g. `BPF_LOAD`. */
  readonly code: string
  readonly step: BpfStep
  /** Positive errno, e.g. 1 for EPERM; 0 when none is behind it. */
  readonly errno: number
  /** e.g. `EPERM`; empty when errno is 0. */
  readonly errnoName: string
  /** The refused program, where it is known. */
  readonly program: string | undefined
  /** What libbpf and the verifier said (at most the last MiB). */
  readonly log: string | undefined

  constructor(
    step: BpfStep,
    code: string,
    errno: number,
    what: string,
    log?: string,
    cause?: unknown,
  ) {
    const errnoName = nameOf(errno)
    const program = programOf(step, what, log)
    super(message(code, errnoName, program ?? what, log), cause === undefined ? {} : { cause })
    this.step = step
    this.code = code
    this.errno = errno
    this.errnoName = errnoName
    this.program = program
    this.log = log
  }
}

/** libbpf's own error numbers, from 4000 (`enum libbpf_errno`). */
const libbpfErrors = [
  'LIBELF',
  'FORMAT',
  'KVERSION',
  'ENDIAN',
  'INTERNAL',
  'RELOC',
  'LOAD',
  'VERIFY',
  'PROG2BIG',
  'KVER',
  'PROGTYPE',
  'WRNGPID',
  'INVSEQ',
  'NLPARSE',
]

function nameOf(errno: number): string {
  if (errno === 0) return ''
  const libbpf = libbpfErrors[errno - 4000]
  if (libbpf !== undefined) return `LIBBPF_ERRNO__${libbpf}`
  // The kernel's own, which user space has no name for.
  if (errno === 524) return 'ENOTSUPP'
  return getSystemErrorName(-errno)
}

/** libbpf names the program in its own lines only: `libbpf: prog 'NAME': failed to load: -13`. */
function programOf(step: BpfStep, what: string, log: string | undefined): string | undefined {
  if (step === 'attach' || step === 'run') return what
  if (step !== 'load' || log === undefined) return undefined
  const named = [...log.matchAll(/^libbpf: prog '([^']+)': (.*)$/gm)]
  return (named.findLast((line) => line[2]?.startsWith('failed to')) ?? named.at(-1))?.[1]
}

function message(code: string, errnoName: string, what: string, log: string | undefined): string {
  const said = lastWords(log)
  const advice =
    errnoName === 'EPERM'
      ? ' (needs root or CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN; kernel lockdown may forbid it too)'
      : ''
  return `${what}: ${reasons[code] ?? code}${errnoName && `: ${errnoName}`}${advice}${said && `: ${said}`}`
}

/** The verifier's verdict is the last line before its statistics; else libbpf's first complaint. */
function lastWords(log: string | undefined): string {
  if (!log) return ''
  const lines = log.split('\n').filter((line) => line !== '')
  const end = lines.findIndex((line) => line.includes('END PROG LOAD LOG'))
  if (end === -1) return lines[0]?.replace(/^libbpf: /, '') ?? ''
  const verdict = lines
    .slice(0, end)
    .findLast((line) => !/^(processed \d+ insns|verification time|stack depth)/.test(line))
  return verdict ?? ''
}
