import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openObject } from '@runwarden/libbpf'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { defaultObjectDir } from '../src/enforce/open-programs.ts'
import { JobLockdown, suspendLockdowns, wasLockedDown } from '../src/job-lockdown.ts'
import { Scope } from '../src/scope.ts'
import { hierarchy } from '../src/service/cgroups.ts'
import type { WatchPlace } from '../src/watch/settings.ts'

const cgroup = join(hierarchy(), `rw-lockdown-${process.pid}`)
const pinDir = mkdtempSync(join(tmpdir(), 'lockdown-'))
// For maps of processes, which are the sensor's and the enforcement's.
const others = openObject(join(defaultObjectDir, 'lockdown.bpf.o'))
const place: WatchPlace = {
  scope: Scope.at(cgroup),
  pinDir,
  adopted: false,
  close: async () => {},
}

beforeAll(() => {
  mkdirSync(cgroup)
  execFileSync('mount', ['-t', 'bpf', 'none', pinDir])
  others.load()
})
afterAll(async () => {
  others.close()
  execFileSync('umount', [pinDir])
  rmdirSync(pinDir)
  await place.scope.end(0)
  await place.scope.remove()
})

function open(id: string): JobLockdown {
  return JobLockdown.open({
    id,
    post: '/actions/post.js',
    ownCgroup: true,
    place,
    agentCgroup: undefined,
    members: others.map('members'),
    exempt: others.map('exempt_processes'),
  })
}

function start(...command: string[]): ChildProcess {
  const enter = `echo $$ >${cgroup}/cgroup.procs; exec "$@"`
  const child = spawn('sh', ['-c', enter, 'sh', ...command], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

async function endOf(child: ChildProcess): Promise<NodeJS.Signals | number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return child.signalCode ?? child.exitCode
}

/** The kernel lets go of a link a moment after its name is gone. */
async function runsAgain(): Promise<void> {
  let ended: NodeJS.Signals | number | null = null
  for (let tries = 0; tries < 500 && ended !== 0; tries++) ended = await endOf(start('true'))
  expect(ended).toBe(0)
}

async function isEmptySoon(): Promise<boolean> {
  for (let look = 0; look < 2000 && place.scope.isPopulated(); look++)
    await new Promise((resolve) => setTimeout(resolve, 10))
  return !place.scope.isPopulated()
}

test('a job that was ended stays so without the agent, under the next one, and no longer than it', async () => {
  const first = open('one')
  const sleeper = start('sleep', '1000')
  expect(await endOf(start('true'))).toBe(0)
  expect(wasLockedDown(place, 'one')).toBe(false)
  first.end()
  expect(await endOf(sleeper)).toBe('SIGKILL')
  expect(await endOf(start('true'))).toBe('SIGKILL')
  first.close(true)
  expect(await endOf(start('true'))).toBe('SIGKILL')
  expect(wasLockedDown(place, 'one')).toBe(true)
  expect(wasLockedDown(place, 'two')).toBe(false)
  const next = open('one')
  expect(next.isLocked).toBe(true)
  expect(await endOf(start('true'))).toBe('SIGKILL')
  next.close(true)
  // The scope goes on without a job, then for this one again, and then for another.
  suspendLockdowns(place)
  await runsAgain()
  const again = open('one')
  expect(await endOf(start('true'))).toBe('SIGKILL')
  again.close(true)
  const other = open('two')
  await runsAgain()
  expect(wasLockedDown(place, 'one')).toBe(false)
  other.close(false)
  await runsAgain()
})

test('what is never there when it is looked for ends all the same', async () => {
  const lockdown = open('three')
  const child = start('sh', '-c', 'echo forks; f() { f & exit; }; f')
  if (child.stdout === null) throw new Error('no stdout')
  await once(child.stdout, 'data')
  expect(readFileSync(join(cgroup, 'cgroup.events'), 'utf8')).toContain('populated 1')
  lockdown.end()
  expect(await isEmptySoon()).toBe(true)
  lockdown.close(false)
})

test('a path that the kernel side has no room for is refused', () => {
  expect(() =>
    JobLockdown.open({
      id: 'four',
      post: `/${'long/'.repeat(110)}post.js`,
      ownCgroup: true,
      place,
      agentCgroup: undefined,
      members: others.map('members'),
      exempt: others.map('exempt_processes'),
    }),
  ).toThrow(expect.objectContaining({ code: 'LOCKDOWN' }) as Error)
})
