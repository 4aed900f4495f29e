import { bootVm, kernelNames, type Vm } from '@runwarden/lab/vm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

describe.each(kernelNames)('with kernel %s', (kernel) => {
  let vm: Vm
  beforeAll(async () => {
    vm = await bootVm({ kernel, checkout: true, programs: ['/usr/bin/setpriv'] })
  }, 300_000)
  afterAll(() => vm[Symbol.asyncDispose]())

  test('a command is confined as it is here', async () => {
    const results = await vm.runTests('packages/agent/test/harden/confine.root.test.ts')
    expect(results.filter(({ error }) => error !== null)).toEqual([])
    expect(results.length).toBe(5)
  }, 600_000)
})
