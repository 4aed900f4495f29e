import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Hook } from '@runwarden/events'
import { tracesOf } from './traces.ts'
import { gather, Place, runwarden } from './runwarden.ts'

let place: Place
beforeAll(() => {
  place = new Place()
})
afterAll(() => place[Symbol.dispose]())

const without: [string, string[], string, string][] = [
  [
    'root without capabilities',
    ['setpriv', '--bounding-set=-all', '--inh-caps=-all', '--'],
    'missing CAP_SYS_ADMIN, CAP_NET_ADMIN, CAP_SYS_PTRACE',
    'run as root',
  ],
  [
    'no BTF',
    ['unshare', '-m', 'sh', '-c', 'mount -t tmpfs none /sys/kernel/btf && exec "$@"', 'sh'],
    'no /sys/kernel/btf/vmlinux',
    'CONFIG_DEBUG_INFO_BTF=y',
  ],
]

interface Found {
  version: string
  kernel: string
  tier: string
  armed: boolean
  armedReason: string
  advice: string
  checks: { name: string; state: string; detail: string; advice: string }[]
  hooks: Hook[]
}

test('this machine is ready, hook by hook, and nothing is left of the trial', async () => {
  const mark = `doctor-${process.pid}`
  const child = place.spawn(runwarden, ['doctor'], { env: { RUNWARDEN_TEST: mark } })
  const { status, stdout, stderr } = await gather(child)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  for (const text of [
    'Machine',
    'kernel',
    'btf',
    'cgroup v2',
    'Hooks',
    'cgroup/connect4',
    'tp_btf/sched_process_exec',
  ])
    expect(stdout).toContain(text)
  expect(stdout).toMatch(
    /\nReady, tier T[012]: a deny was seen enforced and its event delivered\.\n$/,
  )
  expect(tracesOf(child.pid ?? 0, mark)).toEqual([])
})

test('--json says the same', async () => {
  const { status, stdout } = await place.exec(runwarden, ['doctor', '--json'])
  const found = JSON.parse(stdout) as Found
  expect(status).toBe(0)
  expect(found).toMatchObject({
    armed: true,
    armedReason: '',
    advice: '',
    tier: expect.stringMatching(/^T[012]$/),
    kernel: expect.stringMatching(/^Linux \d/),
  })
  expect(found.checks.map(({ name, state }) => `${name} ${state}`)).toEqual(
    expect.arrayContaining(['capabilities ok', 'kernel ok', 'btf ok', 'cgroup ok', 'bpffs ok']),
  )
  for (const hook of found.hooks) {
    Hook.parse(hook)
    expect(hook.state === 'active').toBe(hook.reason === '')
  }
  expect(found.hooks.filter(({ state }) => state === 'active').length).toBeGreaterThan(10)
  // Where the kernel takes no LSM programs each of them says so.
  const guards = found.hooks.filter(({ tier }) => tier === 'T2').map(({ state }) => state)
  expect([...new Set(guards)]).toEqual([found.tier === 'T2' ? 'active' : 'refused'])
})

describe.for(without)('%s', ([, [file = '', ...enter], missing, advice]) => {
  test('it says what is missing and what to change, and ends with 1', async () => {
    const { status, stdout } = await place.exec(file, [...enter, runwarden, 'doctor'])
    expect(stdout).toContain(missing)
    expect(stdout).toContain(advice)
    expect(stdout).toContain('NOT READY')
    expect(status).toBe(1)
  })

  test('--json, too', async () => {
    const { status, stdout } = await place.exec(file, [...enter, runwarden, 'doctor', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({
      armed: false,
      armedReason: missing,
      advice: expect.stringContaining(advice),
    })
    expect(status).toBe(1)
  })
})

test('an argument is a mistake', async () => {
  expect(await place.exec(runwarden, ['doctor', 'x'])).toMatchObject({
    status: 125,
    stderr: expect.stringContaining("no 'x'"),
  })
})
