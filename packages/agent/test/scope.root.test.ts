import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { launch } from '../src/launcher.ts'
import { RunState } from '../src/run-state.ts'
import { sweep } from '../src/run-sweep.ts'
import { Scope } from '../src/scope.ts'
import { findCgroup2, readMounts } from '../src/mounts.ts'

const alone = ['unshare', '--mount', '--propagation', 'private', '--']

let state: RunState
beforeEach(() => {
  // A shell says 126 for a command that it may not look for: another user can't read root's folders.
  vi.stubEnv('PATH', '/usr/bin:/bin')
  state = RunState.create()
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await state.scope.end(0)
  await state.close()
})

async function status(
  command: [string, ...string[]],
  more: { user?: string; dropNetRaw?: boolean } = {},
): Promise<number | null> {
  const child = launch({
    scope: state.scope,
    command,
    dropNetRaw: more.dropNetRaw ?? false,
    user: more.user,
  })
  await once(child, 'exit')
  return child.exitCode
}

test('the command and its descendants are in the scope from their first instruction', async () => {
  const child = launch({
    scope: state.scope,
    command: ['sh', '-c', 'sleep 1000 & exec sleep 1000'],
    dropNetRaw: false,
    user: 'nobody',
  })
  await vi.waitUntil(() => state.scope.processes().length === 2)
  expect(state.scope.processes()).toContain(child.pid)
})

test('the command sees its scope as the root of the cgroup hierarchy, and what it makes there is below it', async () => {
  const hierarchy = findCgroup2(readMounts()) ?? ''
  const job = `grep -qx '0::/' /proc/self/cgroup && mkdir '${hierarchy}/made' && echo 0 >'${hierarchy}/made/cgroup.procs' &&
    grep -qx '0::/made' /proc/self/cgroup`
  expect(await status(['sh', '-c', job])).toBe(0)
  expect(existsSync(join(state.scope.path, 'made'))).toBe(true)
  expect(existsSync(join(hierarchy, 'made'))).toBe(false)
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
  expect(mounts.filter((line) => line.includes(` ${hierarchy} `))).toHaveLength(1)
})

test('the command alone sees settings for engines, beside those that are there; what it mounts is seen by all', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'runwarden-settings-'))
  mkdirSync(join(folder, 'containers.conf.d'))
  mkdirSync(join(folder, 'mine'))
  writeFileSync(join(folder, 'containers.conf.d/own.conf'), '# own\n')
  const job = `cd /etc/containers; cat containers.conf.d/*; mount -t tmpfs of-the-job mine && touch mine/$(umask)`
  // An agent where mounts are shared, as on machines with systemd; the folder is there as on machines with engines.
  const source = `
    import { launch } from ${JSON.stringify(new URL('../src/launcher.ts', import.meta.url).href)}
    import { Scope } from ${JSON.stringify(new URL('../src/scope.ts', import.meta.url).href)}
    const scope = Scope.create(${JSON.stringify(join(state.scope.path, 'other'))})
    process.umask(0o077)
    launch({ scope, command: ['sh', '-c', ${JSON.stringify(job)}], dropNetRaw: false })
      .on('exit', () => scope.remove())
  `
  const script = `mount --bind "$1" /etc/containers && mount --make-shared /etc/containers &&
    "$2" --input-type=module -e "$3" && ls /etc/containers/* && grep -c ' /etc/containers' /proc/self/mountinfo`
  try {
    const said = execFileSync(
      'unshare',
      [...alone.slice(1), 'sh', '-c', script, 'sh', folder, process.execPath, source],
      { encoding: 'utf8' },
    )
    expect(said).toMatch(
      /^# own\n\[engine\]\ncgroup_manager = "cgroupfs"\n[^]*\/containers.conf.d:\nown.conf\n\n[^]*\/mine:\n0077\n2\n$/,
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test.each<[string, [string, ...string[]], number]>([
  ['its own status', ['sh', '-c', 'exit 7'], 7],
  ['127 when it is not found', ['no-such-command-here'], 127],
  ['126 when it is not executable', ['/etc/passwd'], 126],
])('the command ends with %s', async (_, command, expected) => {
  expect(await status(command)).toBe(expected)
  expect(await status(command, { user: 'nobody' })).toBe(expected)
})

test('another user’s command has that user’s ids and groups', async () => {
  expect(
    await status(['sh', '-c', '[ "$(id -un)" = nobody ] && [ "$HOME" = /nonexistent ]'], {
      user: 'nobody',
    }),
  ).toBe(0)
})

test('without CAP_NET_RAW not even root’s setuid programs get it back', async () => {
  const bit = '0000000000002000'
  const lacks = `grep Cap /proc/self/status | while read -r _ caps; do [ $((0x$caps & 0x${bit})) = 0 ] || exit 1; done`
  expect(await status(['sh', '-c', lacks], { dropNetRaw: true })).toBe(0)
  expect(await status(['sh', '-c', lacks])).toBe(1)
})

test('ending the scope ends also what ignores SIGTERM, and what it made in cgroups below', async () => {
  mkdirSync(join(state.scope.path, 'below'))
  const child = launch({
    scope: state.scope,
    command: [
      'sh',
      '-c',
      'trap "" TERM; echo 0 > "$1/below/cgroup.procs" && while :; do sleep 1000; done',
      'sh',
      findCgroup2(readMounts()) ?? '',
    ],
    dropNetRaw: false,
  })
  const below = join(state.scope.path, 'below', 'cgroup.procs')
  while (readFileSync(below, 'utf8') === '') await new Promise(setImmediate)
  const ended = once(child, 'exit')
  await state.scope.end(20)
  await ended
  expect(child.signalCode).toBe('SIGKILL')
  expect(state.scope.isPopulated()).toBe(false)
})

/** An agent that is killed, in a mount namespace of its own or not, with a command of it that goes on. */
async function killedAgent(
  command: readonly [string, ...string[]],
  ...namespace: string[]
): Promise<{
  scope: Scope
  folder: string
  said: () => Promise<string>
  mounts: () => unknown[]
}> {
  const source = `
    import { RunState } from ${JSON.stringify(new URL('../src/run-state.ts', import.meta.url).href)}
    import { launch } from ${JSON.stringify(new URL('../src/launcher.ts', import.meta.url).href)}
    const state = RunState.create()
    launch({ scope: state.scope, command: ${JSON.stringify(command)}, dropNetRaw: false })
    console.log(state.scope.path + '\\n' + state.pinDir)
    setInterval(() => {}, 1000)
  `
  const [file = '', ...args] = [...namespace, process.execPath, '--input-type=module', '-e', source]
  const agent = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [printed] = (await once(agent.stdout, 'data')) as [Buffer]
  const [path = '', pinDir = ''] = printed.toString().trim().split('\n')
  const scope = Scope.at(path)
  while (scope.processes().length === 0) await new Promise(setImmediate)
  agent.kill('SIGKILL')
  await once(agent, 'exit')
  const run = `run ${agent.pid}-`
  return {
    scope,
    folder: dirname(pinDir),
    said: async () => (await sweep()).filter((line) => line.includes(run)).join(),
    mounts: () => readMounts().filter((mount) => mount.path.includes(`/${agent.pid}-`)),
  }
}

test('what a killed agent left is cleaned up by the next start, unless something runs in it', async () => {
  const { scope, said, mounts } = await killedAgent(['sleep', '1000'])
  expect(await said()).toContain('stays enforced on processes')
  await scope.end(0)
  expect(await said()).toContain('cleaned up after run')
  expect(existsSync(scope.path)).toBe(false)
  expect(mounts()).toEqual([])
})

test('runs that start at once clean up at once', async () => {
  const killed = await Promise.all([1, 2, 3].map(() => killedAgent(['sleep', '1000'])))
  for (const { scope } of killed) await scope.end(0)
  const source = `
    import { sweep } from ${JSON.stringify(new URL('../src/run-sweep.ts', import.meta.url).href)}
    process.stdin.once('data', async () => { console.log((await sweep()).join('\\n')); process.exit(0) })
    console.error('ready')
  `
  const starts = [1, 2, 3, 4, 5, 6].map(() =>
    spawn(process.execPath, ['--input-type=module', '-e', source], {
      stdio: ['pipe', 'pipe', 'pipe'],
    }),
  )
  await Promise.all(starts.map((start) => once(start.stderr, 'data')))
  const errors: string[] = []
  const said: string[] = []
  const ended = starts.map(async (start) => {
    start.stderr.on('data', (text: Buffer) => errors.push(text.toString()))
    start.stdout.on('data', (text: Buffer) => said.push(text.toString()))
    await once(start, 'close')
    return start.exitCode
  })
  for (const start of starts) start.stdin.write('go')
  expect({ ended: await Promise.all(ended), errors: errors.join('') }).toEqual({
    ended: [0, 0, 0, 0, 0, 0],
    errors: '',
  })
  expect(said.join('')).not.toContain('is not cleaned up')
  for (const { scope, mounts } of killed) {
    expect(existsSync(scope.path)).toBe(false)
    expect(mounts()).toEqual([])
  }
})

test('somebody who is in its folder keeps neither a run nor a later start from cleaning up', async () => {
  const { scope, said, folder, mounts } = await killedAgent(['sleep', '1000'])
  await scope.end(0)
  const folders = [folder, dirname(state.pinDir)]
  const holders = folders.map((path) =>
    spawn('sleep', ['1000'], { cwd: join(path, 'bpf'), stdio: 'ignore' }),
  )
  await Promise.all(holders.map((holder) => once(holder, 'spawn')))
  await said()
  await state.close()
  expect(folders.filter((path) => existsSync(path))).toEqual([])
  expect(mounts()).toEqual([])
  for (const holder of holders) holder.kill('SIGKILL')
})

test('the same when its mount namespace is gone, too', async () => {
  const { scope, said } = await killedAgent(['sleep', '1000'], ...alone)
  expect(await said()).toContain('lost its agent and its mount namespace; end processes')
  await scope.end(0)
  expect(await said()).toContain('whose agent and mount namespace are gone')
  expect(existsSync(scope.path)).toBe(false)
  expect(await said()).toBe('')
})
