import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Report } from '@runwarden/events'
import { type Lab, startLab } from '@runwarden/lab'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { findCgroup2, readMounts } from '../../src/mounts.ts'

const runwarden = join(import.meta.dirname, '../../../cli/bin/runwarden')
const acts = join(import.meta.dirname, 'acts')

let lab: Lab
let folder: string
let outside: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'runwarden-guard-'))
  outside = mkdtempSync(join(findCgroup2(readMounts()) ?? '', 'runwarden-outside-'))
  execFileSync('gcc', [
    '-O1',
    '-static',
    '-pthread',
    '-o',
    join(folder, 'leave'),
    join(acts, 'leave.c'),
  ])
  const include = `/usr/include/${execFileSync('gcc', ['-print-multiarch'], { encoding: 'utf8' }).trim()}`
  const object = join(folder, 'allow.o')
  const compile = ['-O2', '-g', '-target', 'bpf', '-I', include, '-c', join(acts, 'allow.bpf.c')]
  execFileSync('clang', [...compile, '-o', object])
  lab = await startLab({
    servers: [{ addresses: ['203.0.113.9'], ports: { tcp: 9000 } }],
  })
  // Other runs of this machine would clean up what these tests leave, or be cleaned up.
  await lab.runner.exec('mount', ['-t', 'tmpfs', 'none', '/run'])
})
afterEach(async () => {
  // A process that was ended may hold it for an instant.
  while (readFileSync(join(outside, 'cgroup.events'), 'utf8').includes('populated 1'))
    await new Promise(setImmediate)
})
afterAll(async () => {
  await lab[Symbol.asyncDispose]()
  rmdirSync(outside)
  rmSync(folder, { recursive: true })
})

/** What every job here knows: the agent's process, its folder, its scope's cgroup and that one's id. */
const preamble = `
agent=$PPID
state=$(echo /run/runwarden/$agent-*)
# Root of the job can look at the machine as the agent does.
host() { nsenter --target $agent --mount --cgroup --wd=. -- "$@"; }
scope=$(host find ${findCgroup2(readMounts())} -type d -name "runwarden-$agent-*" | head -n 1)
id=$(host stat -c %i "$scope")
links() { bpftool -j link list | tr '{' '\\n' | sed -n "s/.*\\"id\\":\\([0-9]*\\),.*\\"cgroup_id\\":$id,.*/\\1/p"; }
until_() { for _ in $(seq 600); do "$@" && return; sleep 0.1; done; echo "never: $*"; }
reach() { timeout 10 bash -c 'echo out >/dev/tcp/203.0.113.9/9000' 2>/dev/null && echo reached || echo refused; }
map() { for file in /proc/$agent/fdinfo/*; do sed -n 's/^map_id:[^0-9]*//p' "$file"; done | sort -un | while read -r one; do
  bpftool map show id "$one" | grep -q "name $1 " && echo "$one"; done; }
`

interface Ended {
  stdout: string
  status: number | null
  report: Report
}

let runs = 0
/** Runs a script as root in a scope in block mode; nothing is allowed. */
async function job(script: string, options: string[] = []): Promise<Ended> {
  const out = join(folder, `out-${runs++}`)
  const { stdout, status, stderr } = await lab.runner.exec(
    runwarden,
    [
      'run',
      '--quiet',
      '--egress',
      'block',
      ...options,
      '--out',
      out,
      '--',
      'bash',
      '-c',
      preamble + script,
    ],
    { cwd: folder, timeout: 200_000 },
  )
  if (!existsSync(join(out, 'report.json'))) throw new Error(`no report: ${stdout}${stderr}`)
  const report = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')) as Report
  return { stdout, status, report }
}

/** The findings of one kind, a line each, in order. */
function found({ report }: Ended, id = 'agent-tampered'): string[] {
  return report.detections
    .filter((detection) => detection.id === id)
    .map(({ severity, title }) => `${severity}: ${title}`)
}

let before = 0
/** Connections that reached the server since the last call. */
async function arrived(): Promise<number> {
  const all = (await lab.internet.records()).length
  const arrived = all - before
  before = all
  return arrived
}

/** The machine may be ten times slower than it was when this was written. */
const patience = { timeout: 300_000 }

test('a job that does nothing of the kind has no such finding', patience, async () => {
  const ended = await job(
    'sleep 1.5; reach; kill -0 $agent; true & kill $!; bpftool version >/dev/null',
  )
  expect(ended.stdout).toBe('refused\n')
  expect(found(ended)).toEqual([])
  expect(await arrived()).toBe(0)
})

test('links that are detached are attached anew at once, and told', patience, async () => {
  const ended = await job(`
    before=$(links | wc -l)
    for link in $(links); do bpftool link detach id "$link"; done
    all() { [ "$(links | wc -l)" = "$before" ]; }
    until_ all
    reach
    [ "$before" -gt 10 ] && echo "$before were there" | sed 's/[0-9]*/all/'`)
  expect(ended.stdout).toBe('refused\nall were there\n')
  expect(found(ended)).toEqual(
    expect.arrayContaining([
      'critical: a process changed what enforces its policy',
      'critical: what enforces the policy was taken away',
    ]),
  )
  // Some are back before the others are gone: then it is told in several findings.
  const text = ended.report.detections
    .filter(({ title }) => title.includes('taken away'))
    .map((finding) => finding.text)
    .join('\n')
  expect(text).toMatch(/link \d+ was detached.*Attached anew at .*connect4/s)
  expect(await arrived()).toBe(0)
})

test('a policy that is written over in the kernel is put right, and told', patience, async () => {
  const ended = await job(`
    state=$(map policy_state)
    before=$(bpftool -j map lookup id "$state" key 0 0 0 0)
    bpftool map update id "$state" key 0 0 0 0 value 2 0 0 0
    block() { [ "$(bpftool -j map lookup id "$state" key 0 0 0 0)" = "$before" ]; }
    until_ block
    reach`)
  expect(ended.stdout).toBe('refused\n')
  expect(found(ended)).toEqual(
    expect.arrayContaining([
      'critical: a process changed what enforces its policy',
      'critical: the policy in the kernel was changed',
    ]),
  )
  expect(await arrived()).toBe(0)
})

test.each([
  ['removed', 'rm -r "$state/bpf/enforce"'],
  ['unmounted', 'host umount -l "$state/bpf"'],
])('pins that are %s are made again; the policy holds all the while', patience, async (_, act) => {
  const ended = await job(`
    ${act}
    reach
    again() { host test -e "$state/bpf/enforce/links/connect4"; }
    until_ again
    reach`)
  expect(ended.stdout).toBe('refused\nrefused\n')
  expect(found(ended)).toContain('critical: what enforces the policy was taken away')
  expect(await arrived()).toBe(0)
})

test('who leaves the scope is ended before it can reach anything', patience, async () => {
  const ways = ['self', 'other', 'born', 'ended', 'exec']
  // What the kernel does counts: the agent comes later.
  const ended = await job(`
    kill -STOP $agent
    for way in ${ways.join(' ')}; do host ${join(folder, 'leave')} $way ${outside} 203.0.113.9 9000; done
    kill -CONT $agent`)
  expect(ended.stdout).toBe(ways.map((way) => `${way}: Killed\n`).join(''))
  expect(found(ended)).toContain('critical: a process was moved out of the scope')
  const left = ended.report.sandbox.filter(({ change }) => change === 'cgroup')
  expect(left.reduce((sum, { count }) => sum + count, 0)).toBe(ways.length)
  expect(await arrived()).toBe(0)
})

test('an agent that was stopped says so when it goes on', patience, async () => {
  const ended = await job('kill -STOP $agent; reach; sleep 8; kill -CONT $agent; sleep 2')
  expect(ended.stdout).toBe('refused\n')
  expect(found(ended)).toEqual([
    'critical: the agent was sent a signal that ends or stops it',
    'high: the agent was stopped',
  ])
  expect(ended.report.health.gaps.join()).toContain('the agent was stopped for')
  expect(await arrived()).toBe(0)
})

test(
  'an agent that is killed leaves a policy that holds, a status of 137 and a report that says so',
  patience,
  async () => {
    const out = join(folder, 'out-killed')
    const script = `${preamble}
    until_ test -s out-killed/report.json
    kill -KILL $agent
    reach >>killed
    echo done >>killed`
    const child = lab.runner.spawn(
      runwarden,
      ['run', '--quiet', '--egress', 'block', '--out', out, '--', 'bash', '-c', script],
      { cwd: folder, stdio: 'ignore' },
    )
    const [status, signal] = (await once(child, 'exit')) as [number | null, string | null]
    expect([status, signal]).toEqual([null, 'SIGKILL'])
    const killed = join(folder, 'killed')
    while (!existsSync(killed) || !readFileSync(killed, 'utf8').includes('done'))
      await new Promise((resolve) => setTimeout(resolve, 20))
    expect(readFileSync(killed, 'utf8')).toBe('refused\ndone\n')
    const report = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')) as Report
    expect(report).toMatchObject({
      exitStatus: 137,
      detections: [{ id: 'agent-tampered', title: 'the agent was ended before the run was' }],
      health: { gaps: ['the agent did not come to the end of this run: see events.ndjson'] },
    })
    expect(await arrived()).toBe(0)
  },
)

test(
  'a program that lets refused connects pass is told; its packets do not leave',
  patience,
  async () => {
    const ended = await job(`
    host mount -t bpf none /mnt && host bpftool prog loadall ${join(folder, 'allow.o')} /mnt/all
    host bpftool cgroup attach "$scope" connect4 pinned /mnt/all/allow multi
    host bpftool cgroup attach "$scope" setsockopt pinned /mnt/all/options multi
    sleep 2
    timeout 4 bash -c 'echo out >/dev/tcp/203.0.113.9/9000' 2>/dev/null && echo reached
    host umount /mnt`)
    expect(ended.stdout).toBe('')
    expect(found(ended)).toContain(
      'high: a program was attached beside those that enforce the policy',
    )
    const told = JSON.stringify(ended.report.detections)
    expect(told).toMatch(/connect4/)
    expect(told).toMatch(/setsockopt/)
    expect(await arrived()).toBe(0)
  },
)

test(
  'a mount over resolv.conf, and changed routes and rules, are told and open nothing',
  patience,
  async () => {
    const ended = await job(`
    echo 'nameserver 203.0.113.9' >other && mount --bind other /etc/resolv.conf
    reach
    umount /etc/resolv.conf
    ip route add 192.0.2.77/32 dev lo
    reach`)
    expect(ended.stdout).toBe('refused\nrefused\n')
    expect(found(ended, 'resolver-changed')).toEqual([
      'medium: a file that says how names are found was mounted over',
    ])
    expect(found(ended, 'network-changed')).toEqual(["medium: the machine's network was changed"])
    expect(await arrived()).toBe(0)
  },
)

test('nothing of all this is left', patience, async () => {
  const { stdout } = await lab.runner.exec(runwarden, [
    'run',
    '--quiet',
    '--out',
    join(folder, 'last'),
    '--',
    'true',
  ])
  expect(stdout).toBe('')
  expect((await lab.runner.exec('ls', ['/run'])).stdout).not.toContain('runwarden')
})
