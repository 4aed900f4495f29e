import { join } from 'node:path'
import { bootVm, ordinaryPrograms } from '@runwarden/lab/vm'
import { expect, test } from 'vitest'

/** What the runner simulator reads workflows with. */
const packages = ['@actions/expressions', '@actions/workflow-parser', 'cronstrue', 'yaml']
const modules = join(import.meta.dirname, '../../../node_modules')

test('a machine that is one job’s alone', async () => {
  await using vm = await bootVm({
    kernel: '6.1-amd64',
    checkout: true,
    memoryMb: 3072,
    modules: ['veth', 'sch_ingress', 'cls_bpf'],
    programs: [
      ...ordinaryPrograms,
      '/usr/sbin/ip',
      '/usr/bin/nsenter',
      '/usr/bin/setsid',
      '/usr/bin/mount',
      '/usr/bin/umount',
    ],
    compile: ['packages/agent/test/enforce/acts/peer.c'],
    files: packages.map((name) => ({
      path: `/runwarden/node_modules/${name}`,
      from: join(modules, name),
    })),
  })
  const results = await vm.runTests('packages/cli/test/job-host.guest.ts', { timeout: 900 })
  expect(results.filter(({ error }) => error !== null)).toEqual([])
  expect(results.length).toBe(1)
}, 1_200_000)
