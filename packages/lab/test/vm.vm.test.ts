import { bootVm, kernelNames, type KernelName, type Vm } from '@runwarden/lab/vm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const machines: Record<KernelName, { uname: RegExp; arch: string }> = {
  '6.1-amd64': { uname: /^6\.1\.\S+-cloud-amd64 x86_64$/m, arch: 'x64' },
  '6.12-amd64': { uname: /^6\.12\.\S+-cloud-amd64 x86_64$/m, arch: 'x64' },
  '6.1-arm64': { uname: /^6\.1\.\S+-cloud-arm64 aarch64$/m, arch: 'arm64' },
}

describe.each(kernelNames)('a machine with kernel %s', (kernel) => {
  let vm: Vm
  beforeAll(async () => {
    vm = await bootVm({
      kernel,
      modules: ['overlay', 'veth', 'tun', 'sch_ingress'],
      files: [{ path: '/opt/greeting', content: 'hello\n' }],
    })
  })
  afterAll(() => vm[Symbol.asyncDispose]())

  test('runs the kernel that was asked for', async () => {
    expect((await vm.run('uname -rm')).stdout).toMatch(machines[kernel].uname)
  })

  test('describes its types (BTF) and has the BPF LSM on', async () => {
    const { stdout } = await vm.run(
      'test -s /sys/kernel/btf/vmlinux && cat /sys/kernel/security/lsm',
    )
    expect(stdout.trim().split(',')).toContain('bpf')
  })

  test('runs node', async () => {
    const { stdout } = await vm.run(`node -p 'process.arch + " " + process.uptime().toFixed()'`)
    expect(stdout).toMatch(new RegExp(`^${machines[kernel].arch} \\d+$`, 'm'))
  })

  test('gives back both outputs and the exit status, and signals as a shell does', async () => {
    expect(await vm.run('cat /opt/greeting; echo oops >&2; exit 3')).toEqual({
      status: 3,
      stdout: 'hello\n',
      stderr: 'oops\n',
    })
    expect((await vm.run('kill -TERM $$')).status).toBe(143)
  })

  test('ends a command that takes longer than it may, and goes on', async () => {
    await expect(vm.run('echo begun; sleep 600', { timeout: 1 })).rejects.toMatchObject({
      code: 'VM_TIMEOUT',
      message: expect.stringContaining('begun'),
    })
    expect((await vm.run('echo still here')).stdout).toBe('still here\n')
  })

  test('has cgroup2, bpffs and the modules that were asked for', async () => {
    const { stdout } = await vm.run('cat /proc/mounts /proc/filesystems; ls /sys/module')
    expect(stdout.split('\n')).toEqual(
      expect.arrayContaining([
        'cgroup2 /sys/fs/cgroup cgroup2 rw,relatime 0 0',
        'nodev\toverlay',
        'tun',
        'veth',
        'sch_ingress',
      ]),
    )
    expect(stdout).toMatch(/^bpf \/sys\/fs\/bpf bpf /m)
  })
})

test('a machine whose kernel panics is told with its last words', async () => {
  await using vm = await bootVm({ kernel: '6.12-amd64' })
  await expect(vm.run('echo c >/proc/sysrq-trigger')).rejects.toMatchObject({
    code: 'VM_ENDED',
    message: expect.stringContaining('Kernel panic'),
  })
})

test.each([
  ['a file', { files: ['/does/not/exist'] }, '/does/not/exist'],
  ['a kernel module', { modules: ['no_such_module'] }, 'no_such_module'],
])('%s that is not there is named before anything boots', async (_, options, name) => {
  await expect(bootVm({ kernel: '6.1-amd64', ...options })).rejects.toMatchObject({
    code: 'VM_FILE_MISSING',
    message: expect.stringContaining(name),
  })
})
