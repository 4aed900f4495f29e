import { readdirSync } from 'node:fs'
import {
  bootVm,
  guestNode,
  type KernelName,
  ordinaryPrograms,
  type Vm,
  type VmFile,
} from '../vm/index.ts'
import type { Outcome } from './batch.ts'
import type { Attacker } from './case.ts'
import type { Place } from './guest-results.ts'

/** What came of a case in a virtual machine; `unable`: nothing without Runwarden either, and what it said. */
export type GuestOutcome = { place: Place; id: string } & (
  | { outcome: Outcome }
  | { unable: string }
)

const python = '/usr/lib/python3.11'
const native = `${python}/lib-dynload`

/** Of Python's library what no attempt imports. */
const left = /^(test|tests|idlelib|lib2to3|tkinter|ensurepip|distutils|pydoc_data|config-.*)$/

const programs = (): string[] => [
  ...ordinaryPrograms,
  ...['ip', 'dnsmasq', 'bpftool', 'nft', 'iptables', 'tc', 'iodine'].map(
    (name) => `/usr/sbin/${name}`,
  ),
  ...[
    'nsenter',
    'unshare',
    'tcpdump',
    'openssl',
    'curl',
    'nc',
    'getent',
    'dig',
    'socat',
    'ssh',
    'ping',
    'dbus-daemon',
    'dbus-send',
    'ss',
    'prlimit',
    'timeout',
    'mount',
    'umount',
    'python3',
  ].map((name) => `/usr/bin/${name}`),
  ...readdirSync(native)
    .filter((name) =>
      /^_(ctypes|ssl|hashlib|json|multiprocessing|posixsubprocess)\b.*\.so$|^mmap\b/.test(name),
    )
    .map((name) => `${native}/${name}`),
]

const files: readonly VmFile[] = [
  { path: python, from: python, skip: (path) => left.test(path.slice(path.lastIndexOf('/') + 1)) },
  '/etc/ssl/openssl.cnf',
  { path: '/usr/lib/ssl/openssl.cnf', link: '/etc/ssl/openssl.cnf' },
  '/etc/protocols',
  '/etc/services',
  { path: '/etc/nsswitch.conf', content: 'passwd: files\n' },
  { path: '/etc/resolv.conf', content: '' },
]

/** Cases that a guest is given at once: when it crashes, or its time is over, no others are lost. */
export interface Chunk {
  as: Attacker
  places: readonly Place[]
  ids: readonly string[]
}

/** Ten times what a chunk takes. */
const chunkSeconds = 3600

/** A machine with another kernel that has the suite, and the tools that most of its cases use. */
export function bootAttacked(kernel: KernelName): Promise<Vm> {
  return bootVm({
    kernel,
    checkout: true,
    memoryMb: 3072,
    cpus: 2,
    modules: [
      'veth',
      'vxlan',
      'macvlan',
      'ipvlan',
      '8021q',
      'bridge',
      'ipip',
      'ip_gre',
      'sit',
      'sctp',
      'dccp_ipv4',
      'tun',
      'dummy',
      'tcp_diag',
      'nf_tables',
      'nft_chain_nat',
      'nft_nat',
      'nft_quota',
      'sch_ingress',
      'cls_bpf',
    ],
    programs: programs(),
    files,
    compile: [
      'packages/agent/test/enforce/acts/act.c',
      ...['uring.c', 'root.c', 'detour.bpf.c'].map(
        (name) => `packages/lab/src/adversary/tools/${name}`,
      ),
    ],
  })
}

/** Runs these cases in the machine. @throws Error what the guest said when it did not come to the end */
export async function attackInside(vm: Vm, { as, places, ids }: Chunk): Promise<GuestOutcome[]> {
  const pattern = `^(${ids.join('|')})$`
  const command = `cd /runwarden && RUNWARDEN_EMULATED=1 ${guestNode} packages/lab/src/adversary/guest.ts ${as} ${places.join()} '${pattern}'`
  const { status, stdout, stderr } = await vm.run(command, { timeout: chunkSeconds })
  if (status !== 0) {
    const { stdout: faults } = await vm.run('dmesg | grep -E "segfault|trap|fault" | tail -n 20')
    throw new Error(`the suite ended with ${status} in the guest: ${stderr}${faults}`)
  }
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as GuestOutcome)
}
