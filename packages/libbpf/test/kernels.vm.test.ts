import { bootVm, oldestOrAll, type KernelName, type Vm } from '@runwarden/lab/vm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

/** What hooks.guest.ts finds refused: Linux for arm64 has no fentry before 6.4, nor LSM programs. */
const refused: Record<KernelName, string[]> = {
  '6.1-amd64': [],
  '6.12-amd64': [],
  '6.1-arm64': [
    'T1 > fentry of a security function is called: cannot attach, ENOTSUPP',
    'T2 > an LSM program refuses, as long as it is attached: cannot attach, ENOTSUPP',
  ],
}

/** Those that have a kernel behind them; millions of records are for the machine itself. */
const ringTests = '^(records wake|drain also|records wrap|a full ring)'

describe.each(oldestOrAll)('with kernel %s', (kernel) => {
  let vm: Vm
  beforeAll(async () => {
    vm = await bootVm({ kernel, checkout: true })
  })
  afterAll(() => vm[Symbol.asyncDispose]())

  const failed = async (file: string, only?: string) => {
    const options = only === undefined ? {} : { only }
    const results = await vm.runTests(`packages/libbpf/test/${file}`, options)
    return results.filter(({ error }) => error !== null)
  }

  test.each([
    ['maps', 'map.root.test.ts', undefined],
    ['objects and links', 'object.root.test.ts', undefined],
    ['rings', 'ring.root.test.ts', ringTests],
  ])(
    '%s do what they do here',
    async (_, file, only) => {
      expect(await failed(file, only)).toEqual([])
    },
    120_000,
  )

  test('the hooks of the tiers are taken, or refused as they are attached', async () => {
    const found = (await failed('hooks.guest.ts')).map(({ name, error }) =>
      `${name}: ${error}`.replace(/BpfError: \w+: (cannot attach) the program: (\w+).*/s, '$1, $2'),
    )
    expect(found).toEqual(refused[kernel])
  })
})
