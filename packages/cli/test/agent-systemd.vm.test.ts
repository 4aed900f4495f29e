import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Report } from '@runwarden/events'
import { bootVm, ordinaryPrograms, type Vm } from '@runwarden/lab/vm'
import { afterAll, beforeAll, expect, test } from 'vitest'

const deploy = join(import.meta.dirname, '../../../deploy/systemd')
const units = '/usr/lib/systemd/system'

/** What every unit stands on by default; the rest of a distribution's boot is not needed. */
const targets = ['sysinit', 'basic', 'multi-user', 'shutdown', 'umount', 'final'].map(
  (name) => `${units}/${name}.target`,
)

const policy = `version: 1
egress: block
allow:
  - 198.51.100.1:443
`

/** As docs/agent.md has it. */
const slice = `[Unit]
Before=runwarden.service
`

/** A container's system files, and a job that starts one as everybody does; in OUT it says how connections went. */
const podman = `mkdir -p /rfs/bin /rfs/proc /rfs/dev /rfs/sys /rfs/tmp /rfs/run /rfs/etc
cp /usr/bin/busybox /rfs/bin/sh; cp /usr/local/bin/act /rfs/bin
podman "$@" run --network host --rootfs /rfs \
  sh -c 'for to in 203.0.113.9 198.51.100.1; do act tcp $to 443; done' >>/run/podman
`

/** As a root in memory can have it. */
const storage = `[storage]
driver = "vfs"
runroot = "/run/containers/storage"
graphroot = "/var/lib/containers/storage"
`

/** The distribution's, but that a root in memory can't be pivoted from. */
function engineSettings(): string {
  const text = readFileSync('/usr/share/containers/containers.conf', 'utf8')
  return text.replace(/^\[engine\]$/m, '$&\nno_pivot_root = true')
}

/** Says at its start how a connection went, and again and again afterwards: one letter each. */
const job = `[Unit]
Requires=runwarden.service
After=runwarden.service
[Service]
Slice=runner7.slice
ExecStart=/bin/sh -c 'while :; do /usr/local/bin/act tcp 203.0.113.9 443; sleep 0.1; done'
StandardOutput=append:/run/job
`

let vm: Vm
beforeAll(async () => {
  vm = await bootVm({
    kernel: '6.12-amd64',
    checkout: true,
    memoryMb: 2048,
    modules: ['sch_ingress'],
    programs: [
      ...ordinaryPrograms,
      '/usr/lib/systemd/systemd',
      '/usr/bin/systemctl',
      '/usr/bin/systemd-notify',
      '/usr/bin/mount',
      '/usr/bin/umount',
      '/usr/bin/systemd-run',
      '/usr/bin/podman',
      '/usr/sbin/runc',
      '/usr/bin/conmon',
    ],
    compile: ['packages/agent/test/enforce/acts/act.c'],
    files: [
      ...targets,
      { path: '/etc/systemd/first', content: '' },
      { path: '/etc/machine-id', content: '0123456789abcdef0123456789abcdef\n' },
      { path: '/etc/systemd/system/default.target', link: `${units}/multi-user.target` },
      {
        path: '/etc/systemd/system/runwarden.service',
        content: readFileSync(join(deploy, 'runwarden.service')),
      },
      {
        path: '/etc/systemd/system/multi-user.target.wants/runwarden.service',
        link: '/etc/systemd/system/runwarden.service',
      },
      // No journal here.
      {
        path: '/etc/systemd/system/runwarden.service.d/log.conf',
        content: '[Service]\nStandardError=append:/run/agent.log\n',
      },
      { path: '/etc/systemd/system/job.service', content: job },
      { path: '/etc/runwarden/policy.yml', content: policy },
      { path: '/etc/runwarden/agent.yml', content: readFileSync(join(deploy, 'agent.yml')) },
      { path: '/etc/systemd/system/runner7.slice', content: slice },
      {
        path: '/etc/systemd/system/runwarden.service.requires/runner7.slice',
        link: '/etc/systemd/system/runner7.slice',
      },
      { path: '/opt/podman.sh', content: podman },
      { path: '/usr/share/containers/containers.conf', content: engineSettings() },
      '/usr/share/containers/seccomp.json',
      { path: '/etc/containers/storage.conf', content: storage },
      {
        path: '/etc/containers/policy.json',
        content: '{ "default": [{ "type": "insecureAcceptAnything" }] }',
      },
      { path: '/usr/local/bin/runwarden', link: '/runwarden/packages/cli/bin/runwarden' },
    ],
  })
  await vm.run(
    'gcc -o /usr/local/bin/act /runwarden/packages/agent/test/enforce/acts/act.c; until [ -S /run/systemd/private ]; do sleep 0.2; done',
  )
}, 300_000)
afterAll(() => vm?.[Symbol.asyncDispose]())

const run = async (script: string, timeout = 200): Promise<string> => {
  const { stdout, stderr } = await vm.run(script, { timeout })
  return (stdout + stderr).trim()
}
const act = (address: string): Promise<string> => run(`act tcp ${address} 443`)
const show = (property: string): Promise<string> =>
  run(`systemctl show -P ${property} runwarden.service`)
const log = (): Promise<string> => run('cat /run/agent.log')

/** Of the slice's cgroup: that a scope can be on it before a unit is in it, and stays on it. */
const sliceId = 'stat -c %i /sys/fs/cgroup/runner7.slice'
let slices = ''

/** Waits until systemd has the service active, which it is when every scope is armed. */
const active = (): Promise<string> =>
  run(
    'until [ "$(systemctl is-active runwarden.service)" = active ]; do sleep 0.2; done; cat /run/agent.log',
  )

test('systemd has the service up when the machine is armed, and starts jobs after it', async () => {
  const said = await active()
  expect(said).toContain('host: armed: block')
  // The sample configuration's, which this machine has not.
  for (const missing of ['cgroup /system.slice/ssh.service', 'Runner.Listener', 'Runner.Worker'])
    expect(said).toMatch(new RegExp(`WARNING: \\S*${missing} is to be exempt, and is not there`))
  slices = await run(sliceId)
  await run('systemctl start job.service')
  await run('until [ -s /run/job ]; do sleep 0.1; done')
  expect(await act('203.0.113.9')).toBe('EPERM')
  expect(await act('198.51.100.1')).toBe('ENETUNREACH')
}, 300_000)

test('the agent is exempt by the cgroup of its unit', async () => {
  const pid = await show('MainPID')
  expect(await run(`cat /proc/${pid}/cgroup`)).toMatch(/^0::\/system\.slice\/runwarden\.service$/m)
}, 300_000)

test('systemctl reload puts another policy in force', async () => {
  await run(
    'sed -i s/198.51.100.1/198.51.100.2/ /etc/runwarden/policy.yml; systemctl reload runwarden.service; until grep -q reloaded /run/agent.log; do sleep 0.1; done',
  )
  expect(await act('198.51.100.1')).toBe('EPERM')
  expect(await act('198.51.100.2')).toBe('ENETUNREACH')
}, 300_000)

test('killed, it is started again and takes over; restarted, too; no act of the job passes meanwhile', async () => {
  const before = await show('MainPID')
  await run(`kill -KILL ${before}`)
  expect(await act('203.0.113.9')).toBe('EPERM')
  await run(`until [ "$(systemctl show -P NRestarts runwarden.service)" = 1 ]; do sleep 0.1; done`)
  expect(await active()).toContain('has been taken over')
  expect(await show('MainPID')).not.toBe(before)
  await run('systemctl restart runwarden.service', 250)
  expect((await log()).split('has been taken over')).toHaveLength(3)
  // The job was stopped with the service that it requires; what it did until then was refused.
  expect(await run('sort -u /run/job')).toBe('EPERM')
}, 600_000)

test('stopped, it leaves its policy in force, as on-stop: keep says; --release ends it', async () => {
  await run('systemctl stop runwarden.service', 250)
  expect(await show('ActiveState')).toBe('inactive')
  expect([slices, await run('cat /sys/fs/cgroup/runner7.slice/cgroup.procs')]).toEqual([
    await run(sliceId),
    '',
  ])
  expect(await act('203.0.113.9')).toBe('EPERM')
  expect(await run('runwarden agent --release host')).toContain('no longer enforced')
  expect(await act('203.0.113.9')).toBe('ENETUNREACH')
}, 600_000)

test('podman as it is by default: in a run its containers stay in the scope, are decided there and told', async () => {
  await run(
    'systemd-run --quiet --service-type=oneshot -p WorkingDirectory=/run /usr/local/bin/runwarden run --egress block --allow 198.51.100.1:443 --out /run/stays -- sh /opt/podman.sh',
    400,
  )
  expect(await run('cat /run/podman')).toBe('EPERM\nENETUNREACH')
  const report = JSON.parse(await run('cat /run/stays/report.json')) as Report
  expect(report.detections.filter(({ severity }) => severity === 'critical')).toEqual([])
  const told = report.destinations.find(({ addresses }) => addresses.includes('203.0.113.9'))
  expect(told).toMatchObject({ verdict: 'blocked', processes: [{ exe: '/bin/act' }] })
  expect(await run('find /sys/fs/cgroup /etc/containers -name "*runwarden*"')).toBe('')
}, 900_000)

test('a container that systemd is to have nevertheless does not run free, and what helps is said', async () => {
  const said = await run(
    'rm -f /run/podman; runwarden run --egress block --out /run/moved -- sh /opt/podman.sh --cgroup-manager=systemd',
    400,
  )
  expect(said).toContain('left the scope for cgroup')
  const report = JSON.parse(await run('cat /run/moved/report.json')) as Report
  expect(report.detections).toContainEqual(
    expect.objectContaining({
      id: 'agent-tampered',
      text: expect.stringMatching(/It was ended \(SIGKILL\)[^]*--cgroup-manager=cgroupfs/),
    }),
  )
  expect(await run('cat /run/podman')).toBe('')
}, 600_000)
