import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openObject } from '@runwarden/libbpf'
import { type SensorRecord, startSensor } from '@runwarden/sensor'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { defaultObjectDir } from '../src/enforce/open-programs.ts'
import { endLastStages, LastStageHold } from '../src/last-stage-hold.ts'
import { hierarchy } from '../src/service/cgroups.ts'

const folder = mkdtempSync(join(tmpdir(), 'runwarden-last-stage-'))
const pinDir = join(folder, 'bpf')
const cgroup = join(hierarchy(), `rw-last-stage-${process.pid}`)
const worker = join(folder, 'Runner.Worker')
const post = join(folder, 'post.sh')
mkdirSync(cgroup)
copyFileSync('/bin/dash', worker)
// The status is its argument.
writeFileSync(post, 'exit $1\n')

const records: SensorRecord[] = []
const sensor = startSensor({
  scopeCgroup: cgroup,
  workspace: null,
  homes: [],
  onRecords: (batch) => records.push(...batch),
})
// For the map of exempt processes, which is the enforcement's.
const others = openObject(join(defaultObjectDir, 'lockdown.bpf.o'))

beforeAll(() => {
  mkdirSync(pinDir)
  execFileSync('mount', ['-t', 'bpf', 'none', pinDir])
  others.load()
})
afterAll(() => {
  others.close()
  sensor.close()
  execFileSync('umount', [pinDir])
  rmdirSync(cgroup)
  rmSync(folder, { recursive: true })
})

function open(id: string, where = pinDir): LastStageHold {
  return LastStageHold.open({
    id,
    post,
    action: 'runwarden',
    place: { pinDir: where },
    members: sensor.members,
    exempt: others.map('exempt_processes'),
  })
}

/** A shell that is the job's worker. As the runner does, it asks how a stage ended when it has been told that it has. */
async function work(stage: string): Promise<{ worker: ChildProcess; ended: Promise<string> }> {
  const script = `echo began; read -r go; ${stage} & wait $!; echo "learned $?"`
  const enter = `echo $$ >${cgroup}/cgroup.procs; exec "$0" -c "$1"`
  const child = spawn('sh', ['-c', enter, worker, script], { stdio: ['pipe', 'pipe', 'inherit'] })
  const said: string[] = []
  child.stdout.setEncoding('utf8').on('data', (text: string) => said.push(text))
  await once(child.stdout, 'data')
  exempt(child.pid ?? 0)
  const ended = once(child, 'close').then(
    ([, signal]) => said.join('').replace('began\n', '') + String(signal ?? ''),
  )
  return { worker: child, ended }
}

/** The worker is none of those that the policy holds for. */
function exempt(pid: number): void {
  sensor.drain()
  const begun = records.find((one) => one.kind === 'exec' && one.tgid === pid && one.exe === worker)
  const key = Buffer.alloc(16)
  key.writeBigUInt64LE(BigInt(begun?.start ?? 0), 0)
  key.writeUInt32LE(pid, 8)
  others.map('exempt_processes').set(key, Buffer.alloc(4))
}

const stage = (status: number, action = 'runwarden'): string =>
  `GITHUB_ACTION=${action} sh ${post} ${status}`

test.each([
  ['ends as if all were well, and has not asked: the worker is ended', stage(0), 'SIGKILL'],
  ['fails: so does the job', stage(1), 'learned 1\n'],
  ['is of another step of the same action', stage(0, 'other'), 'learned 0\n'],
  ['runs something else', `GITHUB_ACTION=runwarden sh -c 'exit 0'`, 'learned 0\n'],
])('a last stage that %s', async (_, script, outcome) => {
  const hold = open('job')
  const { worker: shell, ended } = await work(script)
  shell.stdin?.end('go\n')
  expect(await ended).toBe(outcome)
  hold.close(false)
})

test('a last stage that has asked for the report may end well', async () => {
  const hold = open('asked')
  const { worker: shell, ended } = await work(stage(0))
  hold.asked()
  shell.stdin?.end('go\n')
  expect(await ended).toBe('learned 0\n')
  hold.close(false)
})

test('it holds without an agent, and until the job is known to have ended', async () => {
  open('left').close(true)
  const without = await work(stage(0))
  without.worker.stdin?.end('go\n')
  expect(await without.ended).toBe('SIGKILL')
  endLastStages({ pinDir })
  // The kernel lets go of a link a moment after its name is gone.
  let after = ''
  for (let tries = 0; tries < 500 && after !== 'learned 0\n'; tries++) {
    const next = await work(stage(0))
    next.worker.stdin?.end('go\n')
    after = await next.ended
  }
  expect(after).toBe('learned 0\n')
})

test('where the kernel does not take it, it says so, and leaves nothing', () => {
  const none = join(folder, 'no-bpf')
  mkdirSync(none)
  expect(() => open('refused', none)).toThrow(/pin/)
})
