import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { hierarchy } from '../../cli/test/traces.ts'
import { stopAgent } from '../src/start.ts'
import { StartPlace } from './start-place.ts'

let place: StartPlace
afterEach(() => place[Symbol.dispose]())

async function answer(socket: string): Promise<string> {
  const [said] = (await once(connect(socket), 'data')) as [Buffer]
  return String(said)
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(20)
}

const linesOf = (path: string): string[] =>
  readFileSync(path, 'utf8')
    .split('\0')
    .filter((line) => line !== '')

test('the agent listens when the start is over, and runs from a copy that only root can read and change', async () => {
  place = new StartPlace()
  const agent = await place.start()
  const { socket, folder, unit } = agent
  expect(unit).toBeNull()
  expect(await answer(socket)).toBe('here')
  expect(statSync(join(folder, 'program')).mode & 0o777).toBe(0o700)
  expect(existsSync(join(folder, 'program/bundle/packages/cli/src/main.js'))).toBe(true)
  await until(() => existsSync(join(folder, 'out/started')))
  expect(place.started(agent)).toMatchObject({ task: 'agent', state: join(folder, 'state') })
  await stopAgent(agent)
})

test('of the job’s environment nothing arrives, the runner’s mark for what it ends with the job least of all', async () => {
  place = new StartPlace()
  process.env['RUNNER_TRACKING_ID'] = 'github_test'
  process.env['ACTIONS_RUNTIME_TOKEN'] = 'secret'
  process.env['NODE_OPTIONS'] = '--no-warnings'
  const agent = await place.start()
  delete process.env['NODE_OPTIONS']
  expect(place.processes()).toHaveLength(2)
  for (const pid of place.processes()) {
    const environment = linesOf(`/proc/${pid}/environ`).toSorted()
    expect(environment).toEqual(['LANG=C.UTF-8', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'TZ=UTC'])
  }
  await stopAgent(agent)
})

test('it is in a session of its own: no terminal, and no group of processes, ends it', async () => {
  place = new StartPlace()
  const agent = await place.start()
  const sessions = place
    .processes()
    .map((pid) => readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /s, '').split(' ')[3])
  const [own] = sessions
  expect(sessions).toEqual([own, own])
  expect(place.processes()).toContain(Number(own))
  await stopAgent(agent)
})

test('names full of what a shell would act on do nothing: CVE-2024-52587', async () => {
  place = new StartPlace('$(touch x);\'"`touch x` %n ${PATH} &\n-- é')
  const before = process.env['USER']
  process.env['USER'] = '$(touch x)'
  const node = join(place.path, 'node = $(touch x)')
  cpSync(process.execPath, node)
  const agent = await place.start(node)
  expect(await answer(agent.socket)).toBe('here')
  await stopAgent(agent)
  process.env['USER'] = before
  expect(place.processes()).toEqual([])
  expect(place.folders()).toEqual([])
  expect(readdirSync(place.path).toSorted()).toEqual(['bundle', 'jobs', 'node = $(touch x)'])
  for (const folder of [place.bundle, place.home, process.cwd(), '/', import.meta.dirname])
    expect(existsSync(join(folder, 'x'))).toBe(false)
})

test('stopped, it leaves no process, no mount and no folder', async () => {
  place = new StartPlace()
  const agent = await place.start()
  place.mount(join(agent.folder, 'state/bpf'), 'mode=700')
  await stopAgent(agent)
  expect(place.processes()).toEqual([])
  expect(place.folders()).toEqual([])
  expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(place.path)
  await expect(stopAgent(agent)).rejects.toMatchObject({ code: 'NO_ROOT' })
})

test('two have folders of their own, and the end of one is not the other’s', async () => {
  place = new StartPlace()
  const [one, other] = await Promise.all([place.start(), place.start()])
  expect(one.folder).not.toBe(other.folder)
  await stopAgent(one)
  expect(await answer(other.socket)).toBe('here')
  await stopAgent(other)
})

test('killed, it is started again; when it ends by itself, so does its supervisor', async () => {
  place = new StartPlace()
  const agent = await place.start()
  await until(() => existsSync(join(agent.folder, 'out/started')))
  const { pid } = place.started(agent)
  process.kill(pid, 'SIGKILL')
  await until(() => place.started(agent).pid !== pid)
  expect(await answer(agent.socket)).toBe('here')
  process.kill(place.started(agent).pid, 'SIGTERM')
  await until(() => place.processes().length === 0)
  expect(readFileSync(join(agent.folder, 'agent.log'), 'utf8')).toContain(
    'runwarden: the agent was ended by SIGKILL, and is started again\n',
  )
})

test('one that always dies is not started for ever', async () => {
  place = new StartPlace()
  place.agentIs('process.kill(process.pid, "SIGKILL")')
  await expect(place.start()).rejects.toMatchObject({
    code: 'AGENT_ENDED',
    message: expect.stringMatching(
      /(was ended by SIGKILL, and is started again\n.*){5}was ended by SIGKILL$/,
    ),
  })
  expect(place.folders()).toEqual([])
})

test('an agent that cannot run is told with its last words, is not tried again, and leaves nothing', async () => {
  place = new StartPlace()
  place.agentIs('console.error("no cgroup here"); process.exitCode = 125')
  await expect(place.start()).rejects.toMatchObject({
    code: 'AGENT_ENDED',
    message: expect.stringMatching(
      /its last words:\n(.*\n)?no cgroup here\nrunwarden: the agent ended with 125$/,
    ),
  })
  expect(place.processes()).toEqual([])
  expect(place.folders()).toEqual([])
})

test.each([
  ['a link out of it', (path: string) => symlinkSync('/etc/shadow', path)],
  ['a pipe', (path: string) => execFileSync('mkfifo', [path])],
])('a bundle with %s in it is not started', async (_, make) => {
  place = new StartPlace()
  const path = join(place.bundle, 'packages/strange')
  make(path)
  await expect(place.start()).rejects.toMatchObject({
    code: 'COPY',
    message: expect.stringContaining(path),
  })
  expect(place.folders()).toEqual([])
})

test('where nothing can be executed it says so', async () => {
  place = new StartPlace()
  place.mount(place.home, 'noexec,mode=755')
  await expect(place.start()).rejects.toMatchObject({
    code: 'NOEXEC',
    message: expect.stringContaining(`${place.home} is mounted noexec`),
  })
})

test('on a full disk it says so, and leaves nothing', async () => {
  place = new StartPlace()
  place.mount(place.home, 'size=8m,mode=755')
  await expect(place.start()).rejects.toMatchObject({
    code: 'COPY',
    message: expect.stringContaining('ENOSPC'),
  })
  expect(place.folders()).toEqual([])
})

test('a home that others than root can change is none', async () => {
  place = new StartPlace()
  mkdirSync(place.home)
  chownSync(place.home, 12345, 12345)
  await expect(place.start()).rejects.toMatchObject({
    code: 'NOT_OF_ROOT',
    message: expect.stringContaining(place.home),
  })
})

test('folders that nothing runs in any more go with the next start; what is still mounted, or new, stays', async () => {
  place = new StartPlace()
  const old = new Date(Date.now() - 600_000)
  const names = ['0123456789abcdef', 'fedcba9876543210', 'aaaaaaaaaaaaaaaa', 'somebody’s']
  for (const name of names) mkdirSync(join(place.home, name), { recursive: true })
  place.mount(join(place.home, 'fedcba9876543210/state'), 'mode=700')
  const running = await place.start()
  for (const name of [...names.toSpliced(2, 1), running.folder.replace(/.*\//, '')])
    utimesSync(join(place.home, name), old, old)
  const agent = await place.start()
  const left = place.folders()
  expect(left.toSorted()).toEqual(
    [
      ...names.slice(1),
      ...[running, agent].map(({ folder }) => folder.replace(/.*\//, '')),
    ].toSorted(),
  )
  await Promise.all([stopAgent(agent), stopAgent(running)])
})

test('what an agent that was killed with its supervisor left in force goes when its job is over', async () => {
  place = new StartPlace()
  const old = new Date(Date.now() - 600_000)
  const cgroup = join(hierarchy(), `rw-left-${process.pid}`)
  mkdirSync(cgroup)
  const start = readFileSync('/proc/self/stat', 'utf8').replace(/.*\) /, '').split(' ')[19]
  for (const [id, workerStart, own] of [
    ['0123456789abcdef', '1', cgroup],
    ['fedcba9876543210', start, '/nowhere'],
  ] as const) {
    const state = join(place.home, id, 'state')
    mkdirSync(join(state, 'jobs'), { recursive: true })
    const job = { worker: process.pid, workerStart, cgroup: own, ownCgroup: true }
    writeFileSync(join(state, 'jobs/a.json'), JSON.stringify(job))
    mkdirSync(join(state, 'scopes/1/bpf'), { recursive: true })
    place.mount(join(state, 'scopes/1/bpf'), 'mode=700')
    utimesSync(join(place.home, id), old, old)
  }
  const agent = await place.start()
  expect(place.folders().toSorted()).toEqual(
    ['fedcba9876543210', agent.folder.replace(/.*\//, '')].toSorted(),
  )
  expect(existsSync(cgroup)).toBe(false)
  await stopAgent(agent)
})

test('an ordinary user without sudo is told what is missing', async () => {
  place = new StartPlace()
  const start = join(import.meta.dirname, '../src/start.ts')
  const options = { agentRoot: place.bundle, node: process.execPath, home: place.home }
  const script = `import { startAgent } from ${JSON.stringify(start)}
    await startAgent(${JSON.stringify(options)}).catch(({ code, message }) => console.log(code, message))`
  const words = ['--reuid=12345', '--regid=12345', '--clear-groups', process.execPath]
  const said = execFileSync('setpriv', [...words, '--input-type=module', '-e', script], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  expect(said).toMatch(/^NO_ROOT the agent has to be started by root, and sudo does not do it: /)
  expect(place.processes()).toEqual([])
})

test('a place that cannot be written to is named', async () => {
  place = new StartPlace()
  place.mount(place.home, 'ro,mode=755')
  await expect(place.start()).rejects.toMatchObject({
    code: 'FOLDER',
    message: expect.stringMatching(/jobs\/[\da-f]{16} cannot be made: EROFS/),
  })
})
