import { beforeAll, expect, test } from 'vitest'
import { onStage } from './stage.ts'
import { tries } from './tries.ts'

let outcome: Record<string, unknown>

beforeAll(async () => {
  outcome = JSON.parse(await onStage('hardened.ts', { ownUsers: true })) as typeof outcome
}, 600_000)

const names = (which: (one: (typeof tries)[number]) => boolean): string[] =>
  tries.filter((one) => which(one) && one.outside !== true).map(({ name }) => name)

test('before, each way to root works that can work on the stage', () => {
  expect(outcome['before']).toEqual(names(({ never }) => never !== true))
})

test('with disable-sudo nothing does, for a worker that was there before either', () => {
  expect(outcome['sudo']).toContain('/etc/sudoers')
  const left = names(({ containers }) => containers === true)
  expect(outcome['sudo worked']).toEqual([...left, ...left.map((name) => `${name} (anew)`)])
})

test('with disable-sudo-and-containers nothing does at all', () => {
  expect(outcome['sudo-and-containers']).toContain('max_user_namespaces')
  expect(outcome['sudo-and-containers worked']).toEqual([])
})

test.each(['sudo', 'sudo-and-containers'])(
  '%s: an engine that makes its socket anew, for its group, lets nobody in who held that group',
  (level) => {
    expect(outcome[`${level} engine anew`]).not.toBe(0)
    expect(outcome[`${level} engine anew proved`]).toBe(false)
  },
)

test.each(['sudo', 'sudo-and-containers'])('%s: hardening again changes nothing', (level) => {
  expect(outcome[`${level} again`]).toBe('')
  expect(outcome[`${level} record`]).toEqual([true, '600 0'])
})

test('restored, the machine is as it was, and everything works again', () => {
  expect(outcome['sudo restored']).toEqual([])
  expect(outcome['sudo leaves']).toEqual([])
  expect(outcome['after']).toEqual(outcome['before'])
})

test('an engine that was ended and cannot be started again is said', () => {
  expect(outcome['sudo-and-containers restored']).toEqual([
    expect.stringMatching(/^dockerd \(process \d+\) was ended and is no unit of systemd/),
  ])
})

test.each([
  ['root shell', /process \d+ \(sleep\) is root, and was started by the user/],
  ['connection', /process \d+ \(socat\) is connected to a container engine/],
  ['held group', /process \d+ \(sh\) holds group 6/],
  ['broken sudoers', /visudo does not take the sudoers file/],
])('%s: said, and nothing stays changed', (name, words) => {
  expect(outcome[name]).toMatch(words)
  expect(outcome[name]).toContain('the machine is as it was')
  expect(outcome[`${name} leaves`] ?? []).toEqual([])
})

test('sudoers alone holds, with every setuid bit in place', () => {
  expect(outcome['sudoers alone']).toEqual([1, 1, 1, false])
  expect(outcome['sudoers alone undone']).toEqual([])
})

test('of a file that somebody changed since, only the change is undone', () => {
  expect(outcome['changed since']).toEqual([])
  expect(outcome['changed since group']).toBe(true)
})

test('killed in the middle, it can be undone by what is on record', () => {
  expect(outcome['killed record']).toBe(true)
  expect(outcome['killed restored']).toEqual([])
  expect(outcome['killed leaves']).toEqual([])
})

test('what was left to cron and at before has no sudo either', () => {
  expect(outcome['later']).toEqual([])
})

test('engines that are units are masked and stopped, sockets first, and started again when they were active', () => {
  expect(outcome['units']).toBe(`mask --runtime docker.socket
stop docker.socket
mask --runtime docker.service
stop docker.service
mask --runtime podman.socket
stop podman.socket
unmask --runtime podman.socket
unmask --runtime docker.service
start docker.service
unmask --runtime docker.socket
start docker.socket
==> /srv/units/docker.service <==
active

==> /srv/units/docker.socket <==
active

==> /srv/units/podman.socket <==
inactive
`)
})
