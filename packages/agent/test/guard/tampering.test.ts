import type { Event, EventOf } from '@runwarden/events'
import { expect, test } from 'vitest'
import { Tampering } from '../../src/guard/tampering.ts'

const head = { seq: 7, time: 0, scope: 's', execId: '5-1-b', step: 's' }
const folder = '/run/runwarden/1-x'
const ours = {
  maps: [11],
  programs: [12],
  links: [{ descriptor: 3, id: 13, program: 12, cgroup: 1n }],
}
const parts = {
  exeOf: () => '/bin/x',
  blocks: () => true,
  refusesSockets: true,
  ours,
  folder,
}

function change(
  kind: EventOf<'sandbox.change'>['change'],
  detail: string,
  more: Partial<EventOf<'sandbox.change'>> = {},
): Event {
  return {
    ...head,
    kind: 'sandbox.change',
    change: kind,
    detail,
    truth: 'kernel',
    errno: 0,
    targetPid: null,
    ...more,
  } as Event
}

const refused = { errno: 1 }

test.each<[event: Event, found: string[]]>([
  [change('bpf', 'bpf(PROG_LOAD)'), []],
  [change('bpf', 'bpf(MAP_UPDATE_ELEM, map 99)'), []],
  [change('bpf', 'bpf(MAP_GET_FD_BY_ID, map 11)'), ['agent-tampered medium']],
  [change('bpf', 'bpf(MAP_UPDATE_ELEM, map 11)'), ['agent-tampered critical']],
  [change('bpf', 'bpf(LINK_DETACH, link 13)'), ['agent-tampered critical']],
  [change('bpf', 'bpf(LINK_DETACH, link 13)', refused), []],
  [change('cgroup', 'left the scope for cgroup /other'), ['agent-tampered critical']],
  [change('signal', 'SIGSTOP to the agent'), ['agent-tampered critical']],
  [change('guard', 'sending SIGKILL to the agent', refused), ['agent-tampered high']],
  [
    change('guard', "looking into the agent's folder in /run/runwarden", refused),
    ['agent-tampered info'],
  ],
  [
    change('guard', `reaching into process ${process.pid}`, { ...refused, targetPid: process.pid }),
    ['agent-tampered high'],
  ],
  [
    change('guard', 'reaching into process 1', { ...refused, targetPid: 1 }),
    ['outside-process-traced high'],
  ],
  [change('mount', 'mount(tmpfs on /run/runwarden)'), ['agent-tampered critical']],
  [change('unmount', 'umount(/run/runwarden/1-x/bpf)'), ['agent-tampered critical']],
  [change('unmount', 'umount(/run/runwarden/2-y/../1-x/bpf)'), ['agent-tampered critical']],
  [change('mount', 'mount(bpf on /run/runwarden/2-y/bpf)'), []],
  [change('unmount', 'umount(/run/runwarden/1-xy/bpf)'), []],
  [change('mount', 'mount(proc on /proc)'), []],
])('%o', (event, found) => {
  const tampering = new Tampering(parts)
  const findings = tampering.see(event)
  expect(findings.map(({ id, severity }) => `${id} ${severity}`)).toEqual(found)
  for (const { evidence, text } of findings) {
    expect(evidence).toEqual([7])
    expect(text).toMatch(/^\/bin\/x: /)
  }
  // Told once.
  expect(tampering.see(event)).toEqual([])
})

test('who left is said to be ended in block mode only, and without a socket where the kernel refuses it', () => {
  const left = change('cgroup', 'left the scope for cgroup /other')
  const text = (blocks: boolean, refusesSockets = false): string =>
    new Tampering({ ...parts, blocks: () => blocks, refusesSockets }).see(left)[0]?.text ?? ''
  expect(text(true)).toMatch(/It was ended \(SIGKILL\).*under no policy/)
  expect(text(true, true)).toMatch(/It was ended \(SIGKILL\).*No socket is made there\.$/)
  expect(text(false)).toContain('is not under this policy')
})

test.each([
  ['/machine.slice/libpod-0af3.scope', true],
  ['/machine.slice/libpod-0af3.scope/container', true],
  ['/system.slice/libpod.service', false],
])('what helps an engine that has systemd make its cgroups is said: %s', (cgroup, said) => {
  const tampering = new Tampering(parts)
  const [found] = tampering.see(change('cgroup', `left the scope for cgroup ${cgroup}`))
  expect(found).toMatchObject({ id: 'agent-tampered', severity: 'critical' })
  expect(found?.text.includes('--cgroup-manager=cgroupfs')).toBe(said)
})
