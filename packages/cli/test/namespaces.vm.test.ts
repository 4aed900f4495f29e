import { bootVm, kernelNames, ordinaryPrograms, type Vm } from '@runwarden/lab/vm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

/**
 * Answered by the proxy itself: there is no network. With one processor nobody waits for the agent, which is slow
 * here: it asks until there is an answer.
 */
const look = `
  const { resolve4 } = require('node:dns')
  const ask = () => resolve4('any.localhost', (error, addresses) => {
    if (error) setTimeout(ask, 100)
    else console.log(addresses.join())
  })
  ask()
`

describe.each(kernelNames)(
  'namespaces with kernel %s, where cgroup v2 is all there is',
  (kernel) => {
    let vm: Vm
    beforeAll(async () => {
      vm = await bootVm({
        kernel,
        checkout: true,
        memoryMb: 1536,
        programs: [...ordinaryPrograms, '/usr/bin/unshare'],
        files: [
          { path: '/work/look.cjs', content: look },
          { path: '/etc/resolv.conf', content: 'nameserver 192.0.2.53\n' },
        ],
      })
    }, 300_000)
    afterAll(() => vm[Symbol.asyncDispose]())

    const run = (command: string) =>
      vm.run(
        `cd /work && /runwarden/packages/cli/bin/runwarden run --quiet --egress block --out /out -- ${command}`,
        { timeout: 250 },
      )

    test('the command sees its scope as the root of the hierarchy', async () => {
      const { stdout } = await run(
        `sh -c 'cat /proc/self/cgroup; mkdir /sys/fs/cgroup/made; echo 0 >/sys/fs/cgroup/made/cgroup.procs; cat /proc/self/cgroup'`,
      )
      expect(stdout).toBe('0::/\n0::/made\n')
      expect((await vm.run('find /sys/fs/cgroup -name made')).stdout).toBe('')
    }, 300_000)

    test('names are answered in a network namespace of its own', async () => {
      const { stdout } = await run(`unshare --net sh -c 'ip link set lo up; node look.cjs'`)
      expect(stdout).toBe('127.0.0.1\n')
    }, 300_000)
  },
)
