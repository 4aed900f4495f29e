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

/** What came of a case in a virtual machine; `unable`: nothing without Runwarden either, and what it said. */
export type GuestOutcome = { id: string } & ({ outcome: Outcome } | { unable: string })

const python = '/usr/lib/python3.11'
const native = `${python}/lib-dynload`

/** Of Python's library what no attempt imports. */
const left = /^(test|tests|idlelib|lib2to3|tkinter|ensurepip|distutils|pydoc_data|config-.*)$/

const programs = (): string[] => [
  ...ordinaryPrograms,
  ...['ip', 'dnsmasq', 'bpftool', 'nft', 'iptables', 'tc'].map((name) => `/usr/sbin/${name}`),
  ...[
    'nsenter',
    'unshare',
    'tcpdump',
    'openssl',
    'curl',
    'nc',
    'getent',
    'dig',
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

/** Runs the cases that the pattern fits in the machine; `host`: all of the machine is the scope. */
export async function attackInside(
  vm: Vm,
  as: Attacker,
  pattern: string,
  scope: 'run' | 'host',
): Promise<GuestOutcome[]> {
  const command = `cd /runwarden && ${guestNode} packages/lab/src/adversary/guest.ts ${as} '${pattern}' ${scope}`
  const { status, stdout, stderr } = await vm.run(command, { timeout: 7200 })
  if (status !== 0) {
    const { stdout: faults } = await vm.run('dmesg | grep -E "segfault|trap|fault" | tail -n 20')
    throw new Error(`the suite ended with ${status} in the guest: ${stderr}${faults}`)
  }
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as GuestOutcome)
}
