import { accessSync, readFileSync } from 'node:fs'
import { release } from 'node:os'
import { AgentError } from './errors.ts'
import { findCgroup2, readMounts, type Mount } from './mounts.ts'

/** What the machine must offer, as far as it can be seen without trying. */
export interface Machine {
  /** Effective capabilities, a bit each (capabilities(7)). */
  capabilities: bigint
  kernelRelease: string
  hasBtf: boolean
  /** File systems that the kernel knows (/proc/filesystems). */
  fileSystems: readonly string[]
  mounts: readonly Mount[]
  /** Descriptors that this process can have: the hard limit, up to which node raises the soft one. */
  openFiles: number
  /** Names that this machine resolves past DNS: the `hosts` line of /etc/nsswitch.conf. */
  hostsLine: string
}

export interface Check {
  name: string
  state: 'ok' | 'missing' | 'note'
  detail: string
  /** What to do; empty when nothing is. */
  advice: string
}

/** bpf_set_retval, cgroup.kill and ring buffers as used here are all in 6.1, the oldest kernel tested. */
export const minimumKernel = [6, 1] as const

/** Each program, map and watched library is a descriptor: some 300 at the start. */
const neededFiles = 512

const neededCapabilities = { SYS_ADMIN: 21n, NET_ADMIN: 12n, SYS_PTRACE: 19n }

function readable(path: string): boolean {
  try {
    accessSync(path)
    return true
  } catch {
    return false
  }
}

function text(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function readOpenFiles(): number {
  const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(text('/proc/self/limits'))?.[1]
  return hard === undefined ? Infinity : Number(hard)
}

/** Looks at the machine that this process runs on. */
export function readMachine(): Machine {
  return {
    capabilities: BigInt(
      `0x${/^CapEff:\s*([0-9a-f]+)/m.exec(text('/proc/self/status'))?.[1] ?? '0'}`,
    ),
    kernelRelease: release(),
    hasBtf: readable('/sys/kernel/btf/vmlinux'),
    fileSystems: text('/proc/filesystems')
      .split('\n')
      .map((line) => line.split('\t')[1] ?? ''),
    mounts: readMounts(),
    openFiles: readOpenFiles(),
    hostsLine: /^\s*hosts:(.*)$/m.exec(text('/etc/nsswitch.conf'))?.[1]?.trim() ?? '',
  }
}

function kernelCheck(kernelRelease: string): Check {
  const [major = 0, minor = 0] = kernelRelease.split('.').map((part) => Number.parseInt(part, 10))
  const [needMajor, needMinor] = minimumKernel
  const ok = major > needMajor || (major === needMajor && minor >= needMinor)
  return {
    name: 'kernel',
    state: ok ? 'ok' : 'missing',
    detail: `Linux ${kernelRelease}${ok ? '' : ` is older than ${needMajor}.${needMinor}`}`,
    advice: ok ? '' : `run on a kernel of ${needMajor}.${needMinor} or newer`,
  }
}

/** What the machine has and lacks, in the order in which a person would mend it. */
export function checkMachine(machine: Machine): Check[] {
  const lacking = Object.entries(neededCapabilities)
    .filter(([, bit]) => (machine.capabilities & (1n << bit)) === 0n)
    .map(([name]) => `CAP_${name}`)
  const cgroup2 = findCgroup2(machine.mounts)
  const checks: Check[] = [
    {
      name: 'capabilities',
      state: lacking.length === 0 ? 'ok' : 'missing',
      detail: lacking.length === 0 ? 'all that are needed' : `missing ${lacking.join(', ')}`,
      advice: lacking.length === 0 ? '' : 'run as root (sudo); a container needs --privileged',
    },
    kernelCheck(machine.kernelRelease),
    {
      name: 'btf',
      state: machine.hasBtf ? 'ok' : 'missing',
      detail: machine.hasBtf ? '/sys/kernel/btf/vmlinux' : 'no /sys/kernel/btf/vmlinux',
      advice: machine.hasBtf
        ? ''
        : 'use a kernel with CONFIG_DEBUG_INFO_BTF=y, and mount /sys in containers',
    },
    cgroup2 !== undefined
      ? { name: 'cgroup', state: 'ok', detail: `cgroup v2 at ${cgroup2}`, advice: '' }
      : machine.fileSystems.includes('cgroup2')
        ? {
            name: 'cgroup',
            state: 'ok',
            detail: 'cgroup v2 is not mounted; each run mounts it for itself',
            advice: '',
          }
        : {
            name: 'cgroup',
            state: 'missing',
            detail: 'the kernel has no cgroup v2',
            advice: 'use a kernel with CONFIG_CGROUPS=y',
          },
    machine.fileSystems.includes('bpf')
      ? { name: 'bpffs', state: 'ok', detail: 'each run mounts its own', advice: '' }
      : {
          name: 'bpffs',
          state: 'missing',
          detail: 'the kernel has no bpf file system',
          advice: 'use a kernel with CONFIG_BPF_SYSCALL=y',
        },
  ]
  if (machine.openFiles < neededFiles) {
    checks.push({
      name: 'descriptors',
      state: 'missing',
      detail: `a process can have ${machine.openFiles} files open, and ${neededFiles} are needed`,
      advice: `raise the limit (ulimit -n ${neededFiles} or more, --ulimit nofile= of a container, LimitNOFILE= of a unit)`,
    })
  }
  const past = machine.hostsLine
    .split(/\s+/)
    .filter((word) => /^(resolve|mymachines|mdns|mdns4|ldap|nis)/.test(word))
  if (past.length > 0) {
    checks.push({
      name: 'names',
      state: 'note',
      detail: `/etc/nsswitch.conf resolves names through ${past.join(', ')}: such queries are not the job's own, so block mode does not learn from them`,
      advice: 'have `files dns` on the hosts line of /etc/nsswitch.conf',
    })
  }
  return checks
}

/** @throws AgentError for the first thing that is missing. */
export function requireMachine(machine: Machine): void {
  const missing = checkMachine(machine).find(({ state }) => state === 'missing')
  if (missing !== undefined) {
    throw new AgentError(`MISSING_${missing.name.toUpperCase()}`, missing.detail, missing.advice)
  }
}
