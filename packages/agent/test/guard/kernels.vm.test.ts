import type { Report } from '@runwarden/events'
import { bootVm, type KernelName, ordinaryPrograms, partOnly, type Vm } from '@runwarden/lab/vm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const folder = 'packages/agent/test/guard'

/** A server beyond a wire, which writes down who came. */
const server = `
  import { appendFileSync } from 'node:fs'
  import { createServer } from 'node:net'
  createServer((socket) => {
    appendFileSync('/tmp/came', 'somebody came\\n')
    socket.on('error', () => {}).end()
  }).listen(9000, () => appendFileSync('/tmp/came', ''))
`

const prepare = `
  for name in tamper leave; do gcc -o /opt/$name /runwarden/${folder}/acts/$name.c; done
  mkdir -p /work /sys/fs/cgroup/other
  unshare --net sleep 100000 >/dev/null 2>&1 &
  other=$!
  until [ "$(readlink /proc/$other/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.1; done
  ip link add near type veth peer name far && ip link set far netns $other
  ip address add 203.0.113.1/24 dev near && ip link set near up
  nsenter --target $other --net ip address add 203.0.113.9/24 dev far
  nsenter --target $other --net ip link set far up
  nsenter --target $other --net node /opt/server.mjs >/dev/null 2>&1 &
  until [ -e /tmp/came ]; do sleep 0.1; done
`

const refused = 'Operation not permitted'

/** What root of the job tries, by a shell that knows $agent, $state and host(); how it ends; what is told of it. */
const acts: readonly [what: string, outcome: string, told: string | null][] = [
  ['kill -KILL $agent', refused, 'sending SIGKILL to the agent'],
  ['kill -STOP $agent', refused, 'sending SIGSTOP to the agent'],
  ['kill -0 $agent && echo fine', 'fine', null],
  ['/opt/tamper ptrace $agent', refused, 'reaching into process AGENT'],
  ['/opt/tamper write $agent', refused, 'reaching into process AGENT'],
  ['/opt/tamper getfd $agent', refused, 'reaching into process AGENT'],
  ['/opt/tamper ptrace 1', refused, 'reaching into process 1'],
  ['/opt/tamper limit $agent', refused, "changing the agent's limits or scheduling"],
  ['/opt/tamper scheduler $agent', refused, "changing the agent's limits or scheduling"],
  ['echo 1000 >/proc/$agent/oom_score_adj', refused, "writing to the agent's files in /proc"],
  ['echo h >/proc/sysrq-trigger', refused, 'writing to /proc/sysrq-trigger'],
  ['rm -r $state/bpf/enforce', refused, "looking into the agent's folder in /run/runwarden"],
  ['host umount -l $state/bpf', 'superuser', "looking into the agent's folder in /run/runwarden"],
  ['host umount -l /run', 'superuser', "unmounting the agent's bpf file system, or what holds it"],
  ['unshare --mount sh -c "umount -l /run && echo fine"', 'fine', null],
  [
    "host sh -c 'echo $$ >/sys/fs/cgroup/other/cgroup.procs'",
    refused,
    'writing to a cgroup outside of the scope',
  ],
  [
    'host /opt/leave born /sys/fs/cgroup/other 203.0.113.9 9000',
    refused,
    'writing to a cgroup outside of the scope',
  ],
  [
    'host sh -c "echo 1 >/sys/fs/cgroup/cgroup.kill"',
    refused,
    'writing to a cgroup outside of the scope',
  ],
  [
    'mkdir /sys/fs/cgroup/below && echo 0 >/sys/fs/cgroup/below/cgroup.procs && echo fine',
    'fine',
    null,
  ],
  ['bpftool link detach id $(one link_id)', refused, 'opening link N of Runwarden'],
  [
    'bpftool map update id $(one map_id) key 0 0 0 0 value 0 0 0 0',
    refused,
    'opening map N of Runwarden for writing',
  ],
  ['bpftool prog dump xlated id $(one prog_id)', refused, 'opening program N of Runwarden'],
  [
    'bpftool map create /sys/fs/bpf/own type array key 4 value 4 entries 1 name own && rm /sys/fs/bpf/own && echo fine',
    'fine',
    null,
  ],
  ['/opt/tamper filter', 'done', null],
  ['/opt/tamper kprobe', refused, 'loading a program that runs in other processes (type N)'],
  ...['cls', 'xdp', 'lwt'].map((type): (typeof acts)[number] => [
    `/opt/tamper ${type}`,
    refused,
    'loading a program that can send packets (type N)',
  ]),
  ['/opt/tamper memory', refused, 'changing the running kernel (lockdown reason N)'],
  ['/opt/tamper vsock', refused, null],
  [
    'echo >>/runwarden/build/js/packages/cli/src/main.js',
    refused,
    'changing a file that the agent runs from (inode N)',
  ],
  [
    'rm /runwarden/build/js/packages/cli/src/main.js',
    refused,
    'changing a file that the agent runs from (inode N)',
  ],
  [
    'host mount -t tmpfs none /runwarden/build/js/packages/cli/src',
    'mount',
    "mounting over a folder of the agent's (inode N)",
  ],
  ['nc -w 3 203.0.113.9 9000 </dev/null', refused, null],
]

const job = `
agent=$PPID
state=$(echo /run/runwarden/$agent-*)
host() { nsenter --target $agent --mount --cgroup --wd=. -- "$@"; }
one() { cat /proc/$agent/fdinfo/* 2>/dev/null | sed -n "s/^$1:[^0-9]*//p" | head -n 1; }
`

/** One line for each act: the last that it said. */
const script = `${job}${acts.map(([act], index) => `echo "${index} $( (${act}) 2>&1 | tail -n 1)"`).join('\n')}\n`

/** arm64 has no trampolines before 6.4: no LSM programs either. */
const kernels: readonly KernelName[] = partOnly ? ['6.1-amd64'] : ['6.1-amd64', '6.12-amd64']

async function boot(kernel: KernelName): Promise<Vm> {
  const tools = ['ip', 'bpftool'].map((name) => `/usr/sbin/${name}`)
  const more = ['nsenter', 'unshare', 'mount', 'umount'].map((name) => `/usr/bin/${name}`)
  return bootVm({
    kernel,
    checkout: true,
    memoryMb: 1536,
    modules: ['veth', 'vsock'],
    programs: kernel.endsWith('arm64')
      ? ordinaryPrograms
      : [...ordinaryPrograms, ...tools, ...more],
    compile: ['tamper', 'leave'].map((name) => `${folder}/acts/${name}.c`),
    files: [
      { path: '/opt/job.sh', content: script },
      { path: '/opt/prepare.sh', content: prepare },
      { path: '/opt/server.mjs', content: server },
      { path: '/etc/resolv.conf', content: 'nameserver 192.0.2.53\n' },
    ],
  })
}

const run = '/runwarden/packages/cli/bin/runwarden run --quiet --egress block --out /out --'

describe.each(kernels)('the guard with kernel %s', (kernel) => {
  let vm: Vm
  let said: string[]
  let report: Report
  beforeAll(async () => {
    vm = await boot(kernel)
    // Not the guest's own shell, which prefers busybox's programs.
    const ready = await vm.run('bash /opt/prepare.sh', { timeout: 200 })
    expect(ready).toMatchObject({ status: 0 })
    const { status, stdout, stderr } = await vm.run(`cd /work && ${run} bash /opt/job.sh`, {
      timeout: 600,
    })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    said = stdout.split('\n')
    report = JSON.parse((await vm.run('cat /out/report.json')).stdout) as Report
  }, 900_000)
  afterAll(() => vm[Symbol.asyncDispose]())

  test('every hook is taken: tier T2', () => {
    const hooks = report.health.hooks.filter(({ tier }) => tier === 'T2')
    expect(hooks.filter(({ state }) => state !== 'active')).toEqual([])
    expect(hooks.length).toBeGreaterThan(10)
    expect(report.health.tier).toBe('T2')
  })

  test.each(acts.map(([act, outcome], index) => [act, outcome, index] as const))(
    '%s: %s',
    (_, outcome, index) => {
      const line = said.find((one) => one.startsWith(`${index} `))
      expect(line).toContain(outcome)
    },
  )

  test('each refusal is told, and is a finding', () => {
    const told = new Set(
      report.sandbox
        .filter(({ change }) => change === 'guard')
        .map(({ detail }) =>
          detail === 'reaching into process 1'
            ? detail
            : detail
                .replace(/^(reaching into process) \d+/, '$1 AGENT')
                .replace(/(link|map|program|type|reason|inode) \d+/, '$1 N'),
        ),
    )
    const expected = new Set(acts.flatMap(([, , refusal]) => (refusal === null ? [] : [refusal])))
    expect([...told].toSorted()).toEqual([...expected].toSorted())
    const { detections } = report
    expect(detections.filter(({ id }) => id === 'agent-tampered').length).toBeGreaterThan(10)
    expect(detections.filter(({ id }) => id === 'outside-process-traced').length).toBe(1)
  })

  test('nothing that was put right had to be: nothing was taken away', () => {
    const titles = report.detections.map(({ title }) => title).join('\n')
    expect(titles).not.toContain('taken away')
    expect(report.health.gaps).toEqual([])
  })

  test('sockets that are not of IP are refused, and told as blocked', () => {
    expect(report.destinations).toContainEqual(
      expect.objectContaining({
        verdict: 'blocked',
        reason: 'an address family other than IP',
      }),
    )
  })

  test('the server has heard of nobody of the job', async () => {
    expect((await vm.run('cat /tmp/came')).stdout).toBe('')
    await vm.run('nc -w 5 203.0.113.9 9000 </dev/null; until [ -s /tmp/came ]; do sleep 0.1; done')
    expect((await vm.run('cat /tmp/came')).stdout).toBe('somebody came\n')
  })

  test('in audit mode only what is Runwarden’s own is guarded', async () => {
    const audit = run.replace('block', 'audit')
    const { stdout } = await vm.run(
      `cd /work && ${audit} bash -c 'kill -KILL $PPID; /opt/tamper ptrace 1; /opt/tamper vsock' 2>&1`,
      { timeout: 300 },
    )
    expect(stdout).toMatch(/not permitted\ndone\ndone\n$/)
  }, 400_000)

  test('nothing is left behind', async () => {
    const { stdout } = await vm.run(
      'ls /run; find /sys/fs/bpf /sys/fs/cgroup -mindepth 1 -type d; bpftool link list | grep -c lsm',
    )
    expect(stdout.split('\n')).toEqual(expect.not.arrayContaining(['runwarden']))
    expect(stdout).toMatch(/\/sys\/fs\/cgroup\/other\n0\n$/)
  })
})

if (!partOnly) {
  test('a kernel that takes no LSM programs says why, and the run is armed without them', async () => {
    await using vm = await boot('6.1-arm64')
    const { status } = await vm.run(`mkdir -p /work && cd /work && ${run} true`, { timeout: 300 })
    expect(status).toBe(0)
    const report = JSON.parse((await vm.run('cat /out/report.json')).stdout) as Report
    const hooks = report.health.hooks.filter(({ tier }) => tier === 'T2')
    expect(hooks.map(({ state }) => state)).toEqual(hooks.map(() => 'refused'))
    expect(hooks[0]?.reason).toMatch(/the kernel refused it/)
    expect(report.health.tier).toBe('T0')
  }, 900_000)
}
