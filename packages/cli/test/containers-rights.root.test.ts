import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ContainerRig } from './container-rig.ts'
import { Place } from './runwarden.ts'

let rig: ContainerRig

beforeAll(async () => {
  rig = await ContainerRig.start({ servers: [] })
}, 600_000)
afterAll(() => rig[Symbol.asyncDispose]())

/** Runs a script that makes containers, and returns what is told of their programs, and which of them are findings. */
async function rights(place: Place, script: string) {
  writeFileSync(place.at('script'), script)
  const ended = await rig.run(place, '--', 'sh', 'script')
  expect(ended.status, ended.stderr).toBe(0)
  const told = place.eventsOf('sandbox.change').filter(({ change }) => change === 'container')
  const findings = place
    .report()
    .detections.filter(
      ({ id, title }) => id === 'privileged-container' && /has the rights/.test(title),
    )
  return {
    told: told.map(({ container }) => container),
    findings,
    seqs: told.map(({ seq }) => seq),
  }
}

test('an ordinary container is told with what it has, and is no finding', async () => {
  using place = new Place()
  const { told, findings } = await rights(
    place,
    'mkdir w; podman run --rm -v ./w:/w $IMAGE sh -c "sleep 1; /bin/true; /bin/true"; podman run --rm -v ./w:/w:ro --network host --security-opt no-new-privileges $IMAGE sleep 1',
  )
  const ordinary = {
    capabilities: expect.arrayContaining(['chown', 'setuid', 'sys_chroot']),
    ownUsers: false,
    seccomp: 'filter',
    noNewPrivileges: false,
    shares: ['user'],
    mounts: expect.arrayContaining([{ from: place.at('w'), to: '/w', readOnly: false }]),
    sysWritable: false,
  }
  // Programs that the first one starts have what it has.
  expect(told).toEqual([
    ordinary,
    {
      ...ordinary,
      noNewPrivileges: true,
      shares: ['user', 'net'],
      mounts: expect.arrayContaining([{ from: place.at('w'), to: '/w', readOnly: true }]),
    },
  ])
  for (const container of told) {
    expect(container?.capabilities).not.toContain('sys_admin')
    expect(container?.mounts?.map(({ from }) => from)).not.toContain('/')
  }
  expect(findings).toEqual([])
})

test.for([
  [
    'all privileges, behind a program of another name',
    'ln -s "$(command -v podman)" innocent; ./innocent run --rm --privileged $IMAGE sleep 1',
    {
      seccomp: 'none',
      ownUsers: false,
      capabilities: expect.arrayContaining(['sys_admin', 'sys_module']),
    },
  ],
  [
    'one capability too many',
    'podman run --rm --cap-add SYS_ADMIN $IMAGE sleep 1',
    { seccomp: 'filter', capabilities: expect.arrayContaining(['sys_admin']) },
  ],
  [
    'the machine’s files',
    'ln -s / everything; podman run --rm -v ./everything:/host:ro $IMAGE sleep 1',
    { mounts: expect.arrayContaining([{ from: '/', to: '/host', readOnly: true }]) },
  ],
] as const)('%s: a finding by what the kernel lets it', async ([, script, expected]) => {
  using place = new Place()
  const { told, findings, seqs } = await rights(place, script)
  expect(told).toEqual([expect.objectContaining(expected)])
  expect(findings).toEqual([expect.objectContaining({ severity: 'high', evidence: seqs })])
})
