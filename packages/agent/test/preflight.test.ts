import { describe, expect, test } from 'vitest'
import { AgentError } from '../src/errors.ts'
import { checkMachine, requireMachine, type Machine } from '../src/preflight.ts'

const good: Machine = {
  capabilities: (1n << 41n) - 1n,
  kernelRelease: '6.8.0-1021-azure',
  hasBtf: true,
  fileSystems: ['proc', 'cgroup2', 'bpf'],
  mounts: [
    {
      device: '0:26',
      root: '/',
      path: '/sys/fs/cgroup',
      type: 'cgroup2',
      options: ['rw'],
      readOnly: false,
    },
  ],
  openFiles: 1024,
  hostsLine: 'files dns',
}

const missing = (change: Partial<Machine>): string[] =>
  checkMachine({ ...good, ...change })
    .filter(({ state }) => state === 'missing')
    .map(({ detail, advice }) => `${detail}; ${advice}`)

test('a GitHub-hosted machine lacks nothing', () => {
  expect(missing({})).toEqual([])
  expect(() => requireMachine(good)).not.toThrow()
})

describe('what is missing is said with what to do', () => {
  test.each<[Partial<Machine>, string]>([
    [
      { capabilities: 0n },
      'missing CAP_SYS_ADMIN, CAP_NET_ADMIN, CAP_SYS_PTRACE; run as root (sudo); a container needs --privileged',
    ],
    [
      { kernelRelease: '5.15.0-119-generic' },
      'Linux 5.15.0-119-generic is older than 6.1; run on a kernel of 6.1 or newer',
    ],
    [
      { hasBtf: false },
      'no /sys/kernel/btf/vmlinux; use a kernel with CONFIG_DEBUG_INFO_BTF=y, and mount /sys in containers',
    ],
    [
      { mounts: [], fileSystems: ['bpf'] },
      'the kernel has no cgroup v2; use a kernel with CONFIG_CGROUPS=y',
    ],
    [
      { fileSystems: ['cgroup2'] },
      'the kernel has no bpf file system; use a kernel with CONFIG_BPF_SYSCALL=y',
    ],
    [
      { openFiles: 256 },
      'a process can have 256 files open, and 512 are needed; raise the limit (ulimit -n 512 or more, --ulimit nofile= of a container, LimitNOFILE= of a unit)',
    ],
  ])('%# %o', (change, said) => {
    expect(missing(change)).toEqual([said])
    expect(() => requireMachine({ ...good, ...change })).toThrow(AgentError)
  })
})

test('cgroup v2 that is nowhere mounted is mounted by the run', () => {
  expect(missing({ mounts: [] })).toEqual([])
})

test('names that are resolved past DNS are noted', () => {
  const notes = checkMachine({ ...good, hostsLine: 'files resolve [!UNAVAIL=return] dns' }).filter(
    ({ state }) => state === 'note',
  )
  expect(notes.map(({ name }) => name)).toEqual(['names'])
})
