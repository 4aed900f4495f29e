import { bootVm, kernelNames, ordinaryPrograms, partOnly, type Vm } from '@runwarden/lab/vm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const folder = 'packages/agent/test'

/** What kernels differ in. */
const different = [
  'enforce/matrix',
  'enforce/dns',
  'enforce/server-names',
  'enforce/bound-names',
  'enforce/zero-copy',
  'enforce/arming',
  'enforce/exempt',
  'job-lockdown',
  'last-stage-hold',
  'harden/confine',
  'network/announced',
] as const

/** What else has a kernel behind it. */
const other = ['enforce/policy', 'enforce/sockets', 'enforce/learned', 'enforce/reload'] as const

/** In CI's part: what shows that each of the programs loads, and decides. */
const decisive = ['enforce/matrix', 'job-lockdown', 'last-stage-hold'] as const

const subjects = {
  '6.1-amd64': partOnly ? decisive : [...different, ...other],
  '6.12-amd64': different,
  '6.1-arm64': partOnly ? [] : different,
} as const

describe.each(kernelNames.filter((kernel) => subjects[kernel].length > 0))(
  'with kernel %s',
  (kernel) => {
    let vm: Vm
    beforeAll(async () => {
      vm = await bootVm({
        kernel,
        checkout: true,
        modules: ['veth', 'vsock', 'tcp_diag', 'nf_tables', 'nft_quota', 'vxlan', 'tun'],
        programs: [
          ...ordinaryPrograms,
          '/usr/bin/mount',
          '/usr/bin/umount',
          '/usr/sbin/ip',
          '/usr/sbin/nft',
          '/usr/bin/nsenter',
          '/usr/bin/unshare',
          '/usr/bin/setpriv',
        ],
        compile: ['act', 'wire', 'peer'].map((name) => `${folder}/enforce/acts/${name}.c`),
      })
    }, 300_000)
    afterAll(() => vm[Symbol.asyncDispose]())

    test.each(subjects[kernel])(
      '%s: what holds here holds there',
      async (name) => {
        const results = await vm.runTests(`${folder}/${name}.root.test.ts`)
        expect(results.filter(({ error }) => error !== null)).toEqual([])
        expect(results.length).toBeGreaterThan(2)
      },
      600_000,
    )
  },
)
