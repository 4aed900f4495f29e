import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { SandboxRecord } from '../src/index.ts'
import { cgroupRoot, compileAct, Observed } from './observed.ts'

/** Act and arguments of acts/sandbox.c; what is told, without that which leads to it; `T`: the process that it prints. */
const acts: [args: string[], told: string][] = [
  [['unshare'], 'namespace unshare(net, uts) kernel'],
  [['setns'], 'setns setns(uts) kernel'],
  [['clone'], 'namespace clone(pid, ipc) kernel T'],
  [['mount', 'm'], 'mount mount(tmpfs on W/m) user'],
  [['bind', 'm', 'n'], 'mount mount(W/m on W/n) user'],
  [['overlay', 'm', 'lowerdir=m:n'], 'mount mount(overlay lowerdir=m:n on W/m) user'],
  [['kexec'], 'module kexec() kernel'],
  [['umount', 'm'], 'unmount umount(W/m) user'],
  [['move_mount', 'm', 'n'], 'mount move_mount(W/m to W/n) user'],
  [['chroot', 'm'], 'chroot chroot(W/m) kernel'],
  [['chroot', 'none'], 'chroot chroot(W/none) user errno 2'],
  [['attach'], 'ptrace ptrace(ATTACH) kernel T'],
  [['seize'], 'ptrace ptrace(SEIZE) kernel T'],
  [['readv'], 'process-memory process_vm_readv(T) kernel T'],
  [['writev'], 'process-memory process_vm_writev(T) kernel T'],
  [['getfd'], 'process-memory pidfd_getfd(fd 0) kernel T'],
  [['limit'], 'core-limit prlimit(T, RLIMIT_CORE) kernel T'],
  [['abort', 'Runner.Worker'], 'core-signal SIGABRT to Runner.Worker kernel T'],
  [['bpf'], 'bpf bpf(MAP_CREATE) kernel'],
  [['connect', 'docker.sock'], 'engine connect(W/docker.sock) kernel T'],
  [['capset'], 'capability capset(effective 0x1) kernel'],
]

/** One line, as in `acts`. */
function line(seen: Observed, record: SandboxRecord, target: number): string {
  const words = [record.change, record.detail, record.truth]
  if (record.targetPid !== null) words.push(`${record.targetPid}`)
  if (record.errno !== 0) words.push(`errno ${record.errno}`)
  const text = words.join(' ').replaceAll(seen.workspace, 'W')
  return text.replaceAll(new RegExp(`\\b${target}\\b`, 'g'), 'T')
}

if (process.arch === 'x64') {
  acts.push([['connect32', 'docker.sock'], 'engine connect(W/docker.sock) kernel T'])
  acts.push([['iopl'], 'capability iopl or ioperm() kernel'])
}

let sandbox: string
let uring: string
beforeAll(() => {
  sandbox = compileAct('sandbox')
  uring = compileAct('uring')
})

describe('it tells', () => {
  it.each(acts)('%j', async (args, told) => {
    using seen = new Observed()
    mkdirSync(`${seen.workspace}/m`)
    mkdirSync(`${seen.workspace}/n`)
    const { stdout } = await seen.run(sandbox, ...args)
    const lines = seen.of('sandbox').map((record) => line(seen, record, Number(stdout)))
    // Not every kernel has it.
    expect(lines.at(-1)?.replace(/((?:kexec|iopl).*?)( errno \d+)?$/, '$1')).toBe(told)
  })

  it('a clone of a tree with attributes, also where the kernel has no such call', async () => {
    using seen = new Observed()
    mkdirSync(`${seen.workspace}/m`)
    await seen.run(sandbox, 'open_tree_attr', 'm')
    expect(seen.of('sandbox')).toMatchObject([
      { change: 'mount', detail: `open_tree(${seen.workspace}/m)` },
    ])
  })

  it('nothing of such a signal to anybody else, and of limits of its own', async () => {
    using seen = new Observed()
    await seen.run(sandbox, 'abort', 'Runner.Worker2')
    await seen.run('bash', '-c', 'ulimit -c 0; prlimit --core=0 true; kill -ABRT $$')
    expect(seen.of('sandbox')).toEqual([])
  })

  it('that the socket is reached by which .NET dumps a worker; not that of another program', async () => {
    using seen = new Observed()
    writeFileSync(
      `${seen.workspace}/serve.py`,
      `
import socket, sys
server = socket.socket(socket.AF_UNIX); server.bind('dotnet-diagnostic-1-2-socket'); server.listen()
print('', flush=True)
server.accept()
`,
    )
    const reach = `./$name serve.py > ready & tail -f --pid=$! ready | head -n 1
python3 -c 'import socket; socket.socket(socket.AF_UNIX).connect("dotnet-diagnostic-1-2-socket")'; wait; rm dotnet*`
    const names =
      'for name in other Runner.Worker; do ln -s "$(python3 -c "import sys; print(sys.executable)")" $name; : > ready;'
    const { stderr } = await seen.run('bash', '-c', `${names} ${reach}; done`)
    expect(stderr).toBe('')
    expect(seen.of('sandbox')).toMatchObject([
      { change: 'core-asked', detail: `connect(${seen.workspace}/dotnet-diagnostic-1-2-socket)` },
    ])
  })

  // Not every kernel has modules, and none has these: which errno it is differs.
  it.each([
    ['init_module', 'init_module(8 bytes)'],
    ['finit_module', 'finit_module(W/file)'],
    ['delete_module', 'delete_module(runwarden_none)'],
  ])('a module by %s, also when the kernel refuses it', async (name, detail) => {
    using seen = new Observed()
    writeFileSync(`${seen.workspace}/file`, 'no module')
    await seen.run(sandbox, name, 'file')
    expect(seen.of('sandbox')).toMatchObject([
      { change: 'module', detail: detail.replace('W', seen.workspace) },
    ])
    expect(seen.of('sandbox')[0]?.errno).toBeGreaterThan(0)
  })

  it('the whole of a change of root', async () => {
    using seen = new Observed()
    mkdirSync(`${seen.workspace}/m`)
    await seen.run(sandbox, 'pivot_root', 'm')
    expect(seen.of('sandbox').map(({ change }) => change)).toEqual([
      'namespace',
      'mount',
      'mount',
      'chroot',
    ])
  })

  it('that a program uses io_uring', async () => {
    using seen = new Observed()
    await seen.run(uring, 'read', '/etc/passwd')
    expect(seen.of('sandbox')).toMatchObject([
      { change: 'io_uring', detail: 'io_uring_setup(8 entries)', errno: 0 },
    ])
  })

  it.each([
    ['packet', 'socket', '17', '2', 17],
    ['packet, silent', 'silent-socket', '17', '2', 17],
    ['packet, under the name of IPv4', 'socket', '2', '10', 17],
  ])('a socket that io_uring makes: %s', async (_, mode, asked, type, family) => {
    using seen = new Observed()
    const { status, pid } = await seen.run(uring, mode, asked, type)
    expect(status).toBe(0)
    expect(seen.of('connect')).toMatchObject([
      {
        tgid: pid,
        family,
        socketType: Number(type),
        verdict: 'would-block',
        reason: 'family',
        via: 'socket',
        count: 1,
      },
    ])
  })

  it.each([
    ['packet', 'socket', '17', '2', 17, 'family'],
    ['raw', 'socket', '2', '3', 2, 'raw-socket'],
    // Its end is told where it fails, too, which nobody waits for here.
    ['packet, silent', 'silent-socket', '17', '2', 17, 'family'],
  ])(
    'a socket that is refused to io_uring for want of the capability: %s',
    async (_, mode, asked, type, family, reason) => {
      using seen = new Observed({ endLeavers: true })
      const { status } = await seen.run(
        ...(['setpriv', '--bounding-set=-net_raw', uring, mode, asked, type] as const),
      )
      expect(status).toBe(mode === 'socket' ? 1 : 0)
      expect(seen.of('connect')).toMatchObject([
        { family, verdict: 'blocked', reason, via: 'socket' },
      ])
    },
  )

  it('no socket of io_uring that stays on the machine, and none that the kernel does not have', async () => {
    using seen = new Observed()
    await seen.run(uring, 'socket', '1', '1')
    await seen.run(uring, 'socket', '2', '1')
    await seen.run(uring, 'socket', '46', '2')
    expect(seen.of('connect')).toEqual([])
  })

  it('that a process leaves the scope, and what it wrote to', async () => {
    using seen = new Observed()
    const outside = mkdtempSync(`${dirname(seen.cgroup)}/runwarden-outside-`)
    try {
      const { pid } = await seen.run('sh', '-c', `echo $$ > ${outside}/cgroup.procs`)
      expect(seen.of('sandbox')).toMatchObject([
        {
          change: 'cgroup',
          tgid: pid,
          targetPid: pid,
          detail: `left the scope for cgroup ${outside.slice(dirname(outside).length)}`,
        },
      ])
      expect(seen.of('file')).toMatchObject([
        { action: 'write', sensitive: 'cgroup', path: `${outside}/cgroup.procs` },
      ])
    } finally {
      rmdirSync(outside)
    }
  })

  it('that a process leaves which was there before the sensor', async () => {
    const [scope, outside] = ['scope', 'outside'].map((name) =>
      mkdtempSync(`${cgroupRoot()}/runwarden-${name}-`),
    ) as [string, string]
    const child = spawn('sleep', ['100'])
    const { pid } = child
    writeFileSync(`${scope}/cgroup.procs`, String(pid))
    try {
      using seen = new Observed({ scopeCgroup: scope })
      seen.sensor.tellRunning()
      writeFileSync(`${outside}/cgroup.procs`, String(pid))
      seen.sensor.drain()
      expect(seen.of('sandbox')).toMatchObject([{ change: 'cgroup', tgid: pid, targetPid: pid }])
    } finally {
      child.kill()
      await once(child, 'exit')
      rmdirSync(scope)
      rmdirSync(outside)
    }
  })

  it('no socket of the last call of who was moved out, in a table of files that another has, too (T1)', async () => {
    using seen = new Observed({ endLeavers: true })
    const outside = mkdtempSync(`${dirname(seen.cgroup)}/runwarden-outside-`)
    try {
      const { stdout } = await seen.run(sandbox, 'share', outside)
      expect(stdout).toBe(`Killed ${seen.sensor.tier === 'T0' ? 'a socket' : 'none'}\n`)
    } finally {
      rmdirSync(outside)
    }
  })

  it('nothing of what changes no namespace', async () => {
    using seen = new Observed()
    await seen.run('sh', '-c', 'true & wait; ulimit -n 100')
    expect(seen.of('sandbox')).toEqual([])
  })
})
