import { bootVm, kernelNames, ordinaryPrograms, type Vm } from '@runwarden/lab/vm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const folder = 'packages/sensor/test'

/** Kernels that take fentry programs: not arm64 before 6.4. */
const tiers = { '6.1-amd64': 'T1', '6.12-amd64': 'T1', '6.1-arm64': 'T0' } as const

describe.each(kernelNames)('with kernel %s', (kernel) => {
  let vm: Vm
  beforeAll(async () => {
    vm = await bootVm({
      kernel,
      checkout: true,
      programs: ordinaryPrograms,
      compile: ['file', 'process', 'sandbox', 'steps', 'uring'].map(
        (name) => `${folder}/acts/${name}.c`,
      ),
    })
  })
  afterAll(() => vm[Symbol.asyncDispose]())

  test('the best tier is what the kernel can', async () => {
    const { stdout, stderr } = await vm.run(`cd /runwarden && node ${folder}/tier.ts`)
    expect({ stdout, stderr }).toEqual({ stdout: `${tiers[kernel]}\n`, stderr: '' })
  })

  // Emulated, a sensor takes seconds to attach: one act for each hook and each way to tell it.
  test.each([
    ['process', 'program that really runs|keeps the identity|tells a vfork|tells a signal$', 4],
    ['file', 'a new file$|is removed$|another name$|database is read|"open","n"|"rename"', 6],
    ['steps', 'begins with|4096 bytes|brother by|thread that runs', 4],
    ['sandbox', '"unshare"|"mount"|"attach"|by finit_module|uses io_uring', 5],
  ])(
    'acts of %s are told as they are here',
    async (name, only, count) => {
      const results = await vm.runTests(`${folder}/${name}.root.test.ts`, { only })
      expect(results.filter(({ error }) => error !== null)).toEqual([])
      expect(results.length).toBeGreaterThanOrEqual(count)
    },
    300_000,
  )
})
