import { copyFileSync, statSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { compileAct, Observed } from './observed.ts'

let act: string
beforeAll(() => {
  act = compileAct('process')
})

describe('exec', () => {
  it('tells the program that really runs, its arguments, folder and parent', async () => {
    using seen = new Observed()
    await seen.run('sh', '-c', 'cd / && /usr/bin/env printf "%s" "a  b" ""; true')
    const [, env, printf] = seen.of('exec')
    expect(env).toMatchObject({
      exe: '/usr/bin/env',
      argv: ['/usr/bin/env', 'printf', '%s', 'a  b', ''],
      argvTruncated: false,
      cwd: '/',
      memfd: false,
      deleted: false,
      uid: 0,
    })
    expect(printf).toMatchObject({ exe: '/usr/bin/printf', execId: env?.execId })
    expect(env?.parentExecId).toBe(seen.of('exec')[0]?.execId)
  })

  it('tells the interpreter of a script, with the script among its arguments', async () => {
    using seen = new Observed()
    await seen.run('sh', '-c', 'printf "#!/bin/sh\\n:\\n" > s; chmod +x s; ./s one')
    const script = seen.of('exec').at(-1)
    expect(script?.argv).toEqual(['/bin/sh', './s', 'one'])
    expect(script?.exe).toMatch(/^\/usr\/bin\/(?:dash|bash|busybox)$/)
  })

  it('says when there were more arguments than are kept', async () => {
    using seen = new Observed()
    await seen.run(act, 'x'.repeat(10_000))
    const exec = seen.of('exec').at(-1)
    expect(exec?.argvTruncated).toBe(true)
    expect(exec?.argv.join('\0')).toBe(`${act}\0${'x'.repeat(4096)}`.slice(0, 4096))
  })

  it('tells programs with a megabyte of arguments, or 100,000 variables', async () => {
    using seen = new Observed()
    const script = `
import os
def start(args, env):
    if os.fork() == 0: os.execve('/bin/true', args, env)
    os.wait()
start(['true'] + ['x' * 100_000] * 10, {})
start(['true'], {f'E{i}': '' for i in range(100_000)})
`
    await seen.run('python3', '-c', script)
    const execs = seen.of('exec').filter(({ exe }) => exe.endsWith('/true'))
    expect(execs.map(({ argvTruncated }) => argvTruncated)).toEqual([true, false])
    expect(execs[0]?.argv.join('\0')).toBe(`true\0${'x'.repeat(4096)}`.slice(0, 4096))
    expect(execs[1]?.argv).toEqual(['true'])
  })

  it('keeps arguments that are no UTF-8 readable', async () => {
    using seen = new Observed()
    await seen.run('sh', '-c', `/bin/true "$(printf 'ü\\377')"`)
    expect(seen.of('exec').at(-1)?.argv).toEqual(['/bin/true', 'ü\uFFFD'])
  })

  it('tells what a program has at its standard descriptors', async () => {
    using seen = new Observed()
    const script = `
import os, socket, subprocess
def start(*three): subprocess.run(['/bin/true'], stdin=three[0], stdout=three[1], stderr=three[2])
def ends(family, address):
    server = socket.create_server(address, family=family)
    client = socket.create_connection(server.getsockname()[:2])
    return server, client
server, client = ends(socket.AF_INET, ('127.0.0.1', 0))
a, b = socket.socketpair()
os.mkfifo('named'); fifo = os.open('named', os.O_RDWR)
r, w = os.pipe()
start(client, a, fifo)
start(r, os.open('file', os.O_CREAT | os.O_RDWR), os.open('.', os.O_RDONLY))
far = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); far.connect(('192.0.2.1', 9))
start(far, os.open('/dev/null', os.O_RDWR), far)
start(ends(socket.AF_INET6, ('::1', 0))[1], 2, 2)
os.execv('/bin/sh', ['sh', '-c', 'exec /bin/true 0<&- 1>&- 2>&-'])
`
    await seen.run(
      'unshare',
      '-n',
      'sh',
      '-c',
      'ip link set lo up; ip route add 192.0.2.0/24 dev lo; exec python3 -c "$0"',
      script,
    )
    const told = seen
      .of('exec')
      .filter(({ argv }) => argv[0] === '/bin/true')
      .map(({ stdio }) => stdio)
    expect(told.slice(0, 3)).toEqual([
      ['loopback', 'socket', 'fifo'],
      ['pipe', 'file', 'directory'],
      ['network', 'device', 'network'],
    ])
    expect(told.slice(3).map(([input]) => input)).toEqual(['loopback', 'closed'])
    expect(told.at(-1)).toEqual(['closed', 'closed', 'closed'])
  })

  it('tells what a program shares with whoever is at the other end', async () => {
    using seen = new Observed()
    const script = `
import os, socket, subprocess
def start(name, a, b): subprocess.run([name], executable='/bin/true', stdin=a, stdout=b)
server = socket.socket(socket.AF_UNIX); server.bind('s'); server.listen()
client = socket.socket(socket.AF_UNIX); client.connect('s')
os.mkfifo('named')
r, w = os.pipe()
start('pipe', r, w)
start('fifo', os.open('named', os.O_RDWR), os.open('named', os.O_RDWR))
start('other', os.pipe()[0], os.pipe()[1])
start('socket', client, os.open('/dev/null', os.O_RDWR))
start('terminal', *os.openpty())
start('file', os.open('file', os.O_CREAT | os.O_RDWR), os.open('.', os.O_RDONLY))
`
    const { pid } = await seen.run('python3', '-c', script)
    const ends = new Map(seen.of('exec').map(({ argv, ends: both }) => [argv[0] ?? '', both]))
    const [pipe, fifo, other] = ['pipe', 'fifo', 'other'].map((name) => ends.get(name) ?? [0, 0])
    expect([pipe?.[0], fifo?.[0]]).toEqual([pipe?.[1], fifo?.[1]])
    expect(new Set([pipe, fifo, other].flat()).size).toBe(4)
    expect([pipe, fifo, other].flat()).not.toContain(0)
    expect(ends.get('socket')).toEqual([pid, 0])
    expect(ends.get('terminal')).not.toContain(0)
    expect(ends.get('file')).toEqual([0, 0])
  })

  it('tells an anonymous memory file for what it is', async () => {
    using seen = new Observed()
    await seen.run(act, 'memfd', '/bin/true')
    expect(seen.of('exec').at(-1)).toMatchObject({
      exe: '/memfd:payload',
      argv: ['innocent'],
      memfd: true,
    })
  })

  it('tells when the file of a program was last changed, to the nanosecond', async () => {
    using seen = new Observed()
    const program = `${seen.workspace}/program`
    // The clock of files ticks some hundred times a second.
    const script = `cp /bin/true ${program}; ${program}; sleep 0.1; printf more >> ${program}; ${program}`
    await seen.run('sh', '-c', script)
    const [first, second] = seen.of('exec').filter(({ exe }) => exe === program)
    const { ctimeNs } = statSync(program, { bigint: true })
    expect(second).toMatchObject({ inode: first?.inode, changed: `${ctimeNs}` })
    expect(BigInt(first?.changed ?? 0)).toBeLessThan(ctimeNs)
  })

  it('tells a program whose file is gone already', async () => {
    using seen = new Observed()
    copyFileSync('/bin/true', `${seen.workspace}/gone`)
    await seen.run('sh', '-c', 'exec 3<gone; rm gone; exec /proc/self/fd/3')
    expect(seen.of('exec').at(-1)).toMatchObject({
      exe: `${seen.workspace}/gone`,
      deleted: true,
      memfd: false,
    })
  })

  it('keeps the identity of a process whose second thread becomes another program', async () => {
    using seen = new Observed()
    await seen.run(act, 'threadexec', act)
    const [first, second] = seen.of('exec')
    expect(second).toMatchObject({ argv: [act, 'from-a-thread'], execId: first?.execId })
  })

  it('has the whole path in deep folders, over mount points', async () => {
    using seen = new Observed()
    const deep = Array.from({ length: 60 }, (_, i) => `folder-number-${i}`).join('/')
    await seen.run('sh', '-c', `mkdir -p ${deep}; cp /bin/true ${deep}/t; cd ${deep}; ./t`)
    const exec = seen.of('exec').at(-1)
    expect(exec?.exe).toBe(`${seen.workspace}/${deep}/t`)
    expect(exec?.cwd).toBe(`${seen.workspace}/${deep}`)
  })
})

describe('fork and exit', () => {
  it('tells processes, not threads', async () => {
    using seen = new Observed()
    const { pid } = await seen.run(act, 'threads', '20')
    expect(seen.of('fork')).toEqual([])
    expect(seen.of('exit')).toMatchObject([{ tgid: pid, code: 7, signal: null }])
  })

  it('tells a vfork and ties it to its exec', async () => {
    using seen = new Observed()
    await seen.run(act, 'vfork', '/bin/true')
    const [fork] = seen.of('fork')
    expect(fork?.execId).toBe(seen.of('exec')[0]?.execId)
    expect(seen.of('exec').at(-1)).toMatchObject({
      argv: ['/bin/true', 'from-vfork'],
      execId: fork?.childExecId,
      parentExecId: fork?.execId,
    })
  })

  it.each([
    ['an exit code', 'exit 3', { code: 3, signal: null }],
    ['a signal', 'kill -9 $$', { code: null, signal: 9 }],
    ['a signal with a core dump', 'kill -SEGV $$', { code: null, signal: 11 }],
  ])('tells %s', async (_, script, end) => {
    using seen = new Observed()
    await seen.run('sh', '-c', `ulimit -c 0; ${script}`)
    expect(seen.of('exit')).toMatchObject([end])
  })

  it('tells the end once when the first thread ends before the last', async () => {
    using seen = new Observed()
    const { status } = await seen.run(act, 'lastthread')
    expect(seen.of('exit')).toMatchObject([{ code: status }])
  })

  it('loses nothing uncounted in a storm of 20,000 processes', async () => {
    using seen = new Observed()
    const { status } = await seen.run(act, 'storm', '20000')
    expect(status).toBe(0)
    const lost = seen.sensor.lost()
    expect(seen.of('fork').length + (lost['fork'] ?? 0)).toBe(20_000)
    expect(seen.of('exit').length + (lost['exit'] ?? 0)).toBe(20_001)
    expect(seen.of('exec')).toHaveLength(1)
  })

  it('sees nothing of processes outside of the scope', async () => {
    using seen = new Observed()
    using other = new Observed()
    await other.run('sh', '-c', 'echo x > file; cat /etc/shadow')
    seen.sensor.drain()
    expect(seen.records).toEqual([])
    expect(other.records).not.toEqual([])
  })
})
