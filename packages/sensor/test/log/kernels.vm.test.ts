import { bootVm, kernelNames } from '@runwarden/lab/vm'
import { expect, test } from 'vitest'

test.each(kernelNames)(
  'with kernel %s the build log is seen as it is here',
  async (kernel) => {
    await using vm = await bootVm({ kernel, checkout: true })
    const results = await vm.runTests('packages/sensor/test/log/kernel.guest.ts')
    expect(results).toHaveLength(1)
    expect(results.filter(({ error }) => error !== null)).toEqual([])
  },
  600_000,
)
