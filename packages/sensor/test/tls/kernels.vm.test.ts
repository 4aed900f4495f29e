import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bootVm, kernelNames } from '@runwarden/lab/vm'
import { afterAll, expect, test } from 'vitest'
import { buildGo } from './captured.ts'

const folder = mkdtempSync(join(tmpdir(), 'runwarden-tls-vm-'))
afterAll(() => rmSync(folder, { recursive: true }))

test.each(kernelNames)(
  'with kernel %s node and Go are seen as they are here',
  async (kernel) => {
    const program = buildGo(folder, 'alone', kernel.endsWith('arm64') ? 'arm64' : 'amd64')
    await using vm = await bootVm({
      kernel,
      checkout: true,
      files: [{ path: '/go-alone', from: program }],
    })
    const results = await vm.runTests('packages/sensor/test/tls/kernel.guest.ts')
    expect(results).toHaveLength(2)
    expect(results.filter(({ error }) => error !== null)).toEqual([])
  },
  600_000,
)
