import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Report } from '@runwarden/events'
import { bootVm, kernelNames, ordinaryPrograms, partOnly, type Vm } from '@runwarden/lab/vm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildGo } from '../../sensor/test/tls/captured.ts'

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

/**
 * Answered by the proxy itself: there is no network. With one processor nobody waits for the agent, which is slow
 * here: it asks until there is an answer.
 */
const look = `
  const { resolve4 } = require('node:dns')
  const ask = () => resolve4('any.localhost', (error, addresses) => {
    if (error) setTimeout(ask, 100)
    else console.log(addresses.join())
  })
  ask()
`

/** For the HTTPS server in the guest, which has no openssl. */
const made = mkdtempSync(join(tmpdir(), 'runwarden-cli-vm-'))
const pair = { key: join(made, 'key.pem'), cert: join(made, 'cert.pem') }
beforeAll(() => {
  const out = ['-nodes', '-keyout', pair.key, '-out', pair.cert, '-days', '30']
  const name = ['-subj', '/CN=api.example.com', '-addext', 'subjectAltName=DNS:api.example.com']
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']
  execFileSync('openssl', ['req', '-x509', ...key, ...out, ...name], { stdio: 'ignore' })
})
afterAll(() => rmSync(made, { recursive: true }))

describe.each(kernelNames)('runwarden run with kernel %s', (kernel) => {
  let vm: Vm
  let report: Report
  beforeAll(async () => {
    const client = buildGo(made, 'post', kernel.endsWith('arm64') ? 'arm64' : 'amd64')
    vm = await bootVm({
      kernel,
      checkout: true,
      memoryMb: 1536,
      programs: [...ordinaryPrograms, '/usr/bin/unshare'],
      files: [
        { path: '/go-post', from: client },
        { path: '/tls/key.pem', from: pair.key },
        { path: '/tls/cert.pem', from: pair.cert },
        { path: '/work/command.mjs', content: command },
        { path: '/work/look.cjs', content: look },
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

  /** On a machine where cgroup v2 is all there is. */
  const guarded = (script: string) =>
    vm.run(
      `cd /work && /runwarden/packages/cli/bin/runwarden run --quiet --egress block --out /out -- ${script}`,
      { timeout: 250 },
    )

  if (!partOnly || kernel === '6.1-amd64') {
    test('HTTPS rules hold over HTTP/1.1 and HTTP/2', async () => {
      const results = await vm.runTests('packages/cli/test/https-rules.guest.ts')
      expect(results).toMatchObject([{ error: null }])
    }, 400_000)
  }

  if (!partOnly) {
    test('the command sees its scope as the root of the hierarchy', async () => {
      const { stdout } = await guarded(
        `sh -c 'cat /proc/self/cgroup; mkdir /sys/fs/cgroup/made; echo 0 >/sys/fs/cgroup/made/cgroup.procs; cat /proc/self/cgroup'`,
      )
      expect(stdout).toBe('0::/\n0::/made\n')
      expect((await vm.run('find /sys/fs/cgroup -name made')).stdout).toBe('')
    }, 300_000)

    test('names are answered in a network namespace of its own', async () => {
      const { stdout } = await guarded(`unshare --net sh -c 'ip link set lo up; node look.cjs'`)
      expect(stdout).toBe('127.0.0.1\n')
    }, 300_000)
  }
})
