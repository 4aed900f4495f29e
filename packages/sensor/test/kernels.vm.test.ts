import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  bootVm,
  guestNode,
  oldestOrAll,
  ordinaryPrograms,
  partOnly,
  type Vm,
} from '@runwarden/lab/vm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildGo } from './tls/captured.ts'

const folder = 'packages/sensor/test'

/** Kernels that take fentry programs: not arm64 before 6.4. */
const tiers = { '6.1-amd64': 'T1', '6.12-amd64': 'T1', '6.1-arm64': 'T0' } as const

const built = mkdtempSync(join(tmpdir(), 'runwarden-sensor-vm-'))
afterAll(() => rmSync(built, { recursive: true }))

describe.each(oldestOrAll)('with kernel %s', (kernel) => {
  let vm: Vm
  beforeAll(async () => {
    const program = buildGo(built, 'alone', kernel.endsWith('arm64') ? 'arm64' : 'amd64')
    vm = await bootVm({
      kernel,
      checkout: true,
      programs: [...ordinaryPrograms, '/usr/bin/unshare'],
      modules: ['fuse', 'overlay'],
      files: [{ path: '/go-alone', from: program }],
      compile: ['file', 'fuse', 'process', 'sandbox', 'steps', 'uring'].map(
        (name) => `${folder}/acts/${name}.c`,
      ),
    })
  })
  afterAll(() => vm[Symbol.asyncDispose]())

  test('the best tier is what the kernel can', async () => {
    const { stdout, stderr } = await vm.run(`cd /runwarden && ${guestNode} ${folder}/tier.ts`)
    expect({ stdout, stderr }).toEqual({ stdout: `${tiers[kernel]}\n`, stderr: '' })
  })

  // Emulated, a sensor takes seconds to attach: one act for each hook and each way to tell it, fewer in CI's part.
  test.each([
    [
      'process',
      ['program that really runs|tells a signal$', 2],
      ['keeps the identity|tells a vfork', 2],
    ],
    [
      'file',
      ['a new file$|database is read|"open","n"|making \\(thread\\)|an overlay$', 11],
      [
        'is removed$|a new file: nothing|as ever|another name$|"rename"|making \\((?:file|nowhere)\\)',
        11,
      ],
    ],
    ['steps', ['begins with|thread that runs', 2], ['4096 bytes|brother by', 2]],
    [
      'sandbox',
      ['"unshare"|by finit_module|that io_uring makes|last call', 6],
      ['"mount"|"attach"|uses io_uring', 3],
    ],
  ] as const)(
    'acts of %s are told as they are here',
    async (name, few, more) => {
      const wanted = partOnly ? [few] : [few, more]
      const only = wanted.map(([pattern]) => pattern).join('|')
      const results = await vm.runTests(`${folder}/${name}.root.test.ts`, { only })
      expect(results.filter(({ error }) => error !== null)).toEqual([])
      expect(results.length).toBeGreaterThanOrEqual(
        wanted.reduce((sum, [, count]) => sum + count, 0),
      )
    },
    300_000,
  )

  if (!partOnly) {
    test('files that the job serves itself are not waited for', async () => {
      const results = await vm.runTests(`${folder}/served.root.test.ts`)
      expect(results.filter(({ error }) => error !== null)).toEqual([])
      expect(results).toHaveLength(7)
    }, 300_000)
  }

  test.each([
    ['TLS of node and Go', 'tls', 2],
    ['the build log', 'log', 1],
  ])(
    '%s: seen as it is here',
    async (_, place, count) => {
      const results = await vm.runTests(`${folder}/${place}/kernel.guest.ts`)
      expect(results).toHaveLength(count)
      expect(results.filter(({ error }) => error !== null)).toEqual([])
    },
    600_000,
  )
})
