import { bootVm, kernelNames, ordinaryPrograms, partOnly, type Vm } from '@runwarden/lab/vm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const folder = 'packages/agent/test'

/** All that has a kernel behind it on the oldest one; on the others what kernels differ in. */
const whole = {
  '6.1-amd64': [
    'enforce/matrix',
    'enforce/policy',
    'enforce/sockets',
    'enforce/dns',
    'enforce/learned',
    'enforce/server-names',
    'enforce/bound-names',
    'enforce/zero-copy',
    'enforce/reload',
    'enforce/arming',
    'enforce/exempt',
    'job-lockdown',
    'harden/confine',
    'network/announced',
  ],
  '6.12-amd64': [
    'enforce/matrix',
    'enforce/dns',
    'enforce/server-names',
    'enforce/bound-names',
    'enforce/zero-copy',
    'enforce/arming',
    'enforce/exempt',
    'job-lockdown',
    'harden/confine',
    'network/announced',
  ],
  '6.1-arm64': [
    'enforce/matrix',
    'enforce/dns',
    'enforce/server-names',
    'enforce/bound-names',
    'enforce/zero-copy',
    'enforce/arming',
    'enforce/exempt',
    'job-lockdown',
    'harden/confine',
    'network/announced',
  ],
} as const

/** Of those others, what shows that each of their programs loads, and decides. */
const subjects = partOnly
  ? {
      ...whole,
      '6.1-arm64': [
        'enforce/matrix',
        'enforce/dns',
        'enforce/server-names',
        'enforce/exempt',
        'job-lockdown',
      ],
    }
  : whole

describe.each(kernelNames)('with kernel %s', (kernel) => {
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
})
