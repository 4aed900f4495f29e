import { bootVm, everyKernel, ordinaryPrograms } from '@runwarden/lab/vm'
import { expect, test } from 'vitest'

/** tcx is there from 6.6 on; before, clsact has to do. */
test.each(everyKernel)(
  'with kernel %s the whole machine is a scope, to its uplinks',
  async (kernel) => {
    await using vm = await bootVm({
      kernel,
      checkout: true,
      memoryMb: 2048,
      modules: ['veth', 'bridge', 'tun', 'ipip', 'sch_ingress', 'cls_bpf'],
      programs: [...ordinaryPrograms, '/usr/sbin/ip', '/usr/bin/nsenter'],
      compile: [
        ...['act', 'wire', 'peer'].map((name) => `packages/agent/test/enforce/acts/${name}.c`),
        'packages/agent/test/service/acts/frame.c',
      ],
    })
    const results = await vm.runTests('packages/agent/test/service/host.guest.ts', {
      timeout: 1500,
    })
    expect(results.filter(({ error }) => error !== null)).toEqual([])
    expect(results.length).toBeGreaterThan(12)
  },
  1_800_000,
)
