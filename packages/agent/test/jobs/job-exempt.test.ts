import { expect, test } from 'vitest'
import { ownServices, systemUnit } from '../../src/jobs/job-exempt.ts'

test.for([
  ['/system.slice/ssh.service', 'ssh.service'],
  ['/system.slice/system-getty.slice/getty@tty1.service', 'getty@tty1.service'],
  ['/system.slice/runner.service/job', 'runner.service'],
  // Of a container, whose engine has systemd make its cgroup.
  ['/system.slice/docker-0123abcd.scope', undefined],
  ['/user.slice/user-1001.slice/user@1001.service/app.slice', undefined],
  ['/', undefined],
] as const)('the unit of %s', ([cgroup, unit]) => {
  expect(systemUnit(cgroup)).toBe(unit)
})

test('services go on, but for engines, for those that act for others, and for the unit of the runner', () => {
  const all = [
    { pid: 10, name: 'sshd', unit: 'ssh.service' },
    { pid: 11, name: 'dockerd', unit: 'docker.service' },
    { pid: 12, name: 'containerd-shim', unit: 'containerd.service' },
    // An engine under a name of its own.
    { pid: 13, name: 'dockerd', unit: 'our-engine.service' },
    { pid: 14, name: 'snapd', unit: 'snapd.service' },
    { pid: 15, name: 'bash', unit: 'actions.runner.service' },
    { pid: 16, name: 'chronyd', unit: 'chrony.service' },
  ]
  expect(ownServices(all, 'actions.runner.service')).toEqual([10, 16])
})
