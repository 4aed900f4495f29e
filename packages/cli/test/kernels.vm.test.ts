import type { Report } from '@runwarden/events'
import { bootVm, kernelNames, ordinaryPrograms, type Vm } from '@runwarden/lab/vm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

/** Kernels that take fentry and LSM programs: not arm64 before 6.4. */
const tiers = { '6.1-amd64': 'T2', '6.12-amd64': 'T2', '6.1-arm64': 'T0' } as const

/** Reaches out by address and by name, and leaves a file; says what it got. */
const command = `
  import { resolve4 } from 'node:dns/promises'
  import { writeFileSync } from 'node:fs'
  import { connect } from 'node:net'
  writeFileSync('made', 'x')
  connect(443, '203.0.113.5').on('error', ({ code }) => {
    console.log(code)
    resolve4('collector.example.net').catch(({ code }) => console.log(code))
  })
`

describe.each(kernelNames)('runwarden run with kernel %s', (kernel) => {
  let vm: Vm
  let report: Report
  beforeAll(async () => {
    vm = await bootVm({
      kernel,
      checkout: true,
      memoryMb: 1536,
      programs: ordinaryPrograms,
      files: [
        { path: '/work/command.mjs', content: command },
        { path: '/etc/resolv.conf', content: 'nameserver 192.0.2.53\n' },
      ],
    })
  })
  afterAll(() => vm[Symbol.asyncDispose]())

  test('stops the command, which is told at once', async () => {
    const run = '/runwarden/packages/cli/bin/runwarden run --egress block --out /out'
    const { status, stdout, stderr } = await vm.run(`cd /work && ${run} -- node command.mjs`, {
      timeout: 200,
    })
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: 'EPERM\nEREFUSED\n',
      stderr: expect.stringContaining('Protected'),
    })
    report = JSON.parse((await vm.run('cat /out/report.json')).stdout) as Report
  }, 300_000)

  test('is armed, at the best tier that the kernel has, and has lost nothing', () => {
    expect(report).toMatchObject({
      protection: 'armed',
      health: { tier: tiers[kernel], eventsLost: {} },
    })
    const refused = report.health.hooks.filter(({ state }) => state === 'refused')
    expect(refused.filter(({ tier }) => tier === 'T0')).toEqual([])
  })

  test('reports what was done', () => {
    expect(report.destinations).toMatchObject([
      { address: '203.0.113.5', port: 443, protocol: 'tcp', verdict: 'blocked' },
    ])
    expect(report.dns).toMatchObject([{ name: 'collector.example.net', verdict: 'blocked' }])
    expect(report.files).toMatchObject([{ path: '/work/made', action: 'create' }])
  })

  test('leaves nothing behind', async () => {
    const { stdout } = await vm.run(
      'find /sys/fs/cgroup /sys/fs/bpf -mindepth 1 -type d; find /sys/fs/bpf -type f',
    )
    expect(stdout).toBe('')
  })
})
