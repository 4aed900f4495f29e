import { readAddress } from '@runwarden/policy'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bootTime, LearnedAddresses } from '../../src/enforce/learn.ts'
import { NamesRig } from './names-rig.ts'
import { policy } from './rig.ts'

const ADDRESS = '198.51.100.1'

let rig: NamesRig
beforeAll(async () => {
  rig = await NamesRig.open()
})
afterAll(async () => {
  await rig[Symbol.asyncDispose]()
})

const ports = (portFrom: number, portTo = portFrom) =>
  ({ protocol: 'tcp', portFrom, portTo, rule: 0 }) as const
const all = [ports(1, 65_535)]

/** An address that two names led to: one that may do everything there, and one for these ports. */
function open(narrow: ReturnType<typeof ports>[]) {
  const { enforcer, scope } = rig.enforce(policy('block', '*.example.org:1-65535'))
  let later = 0n
  const learner = LearnedAddresses.open(enforcer.maps, () => bootTime() + later)
  learner.learn('git.example.org', readAddress(ADDRESS)!, 600, all)
  learner.learn('www.example.org', readAddress(ADDRESS)!, 60, narrow)
  return {
    ssh: async () => (await rig.send(scope, ADDRESS, 22, 'SSH-2.0-x\r\n')).outcome,
    learner,
    /** The second name is in no map any more. */
    forget() {
      later = 150_000_000_000n
      learner.sweep()
      later = 0n
    },
    [Symbol.dispose]() {
      learner.close()
      enforcer.close()
    },
  }
}

test('SSH to an address of two names is refused where one is not allowed on its port, until it is', async () => {
  using opened = open([ports(443)])
  expect(await opened.ssh()).toBe('ECONNABORTED')
  opened.learner.relearn(() => all)
  expect(await opened.ssh()).toBe('ok')
  opened.learner.relearn((name) => (name === 'git.example.org' ? all : [ports(443)]))
  expect(await opened.ssh()).toBe('ECONNABORTED')
})

test('a name that was not allowed counts beyond its time', async () => {
  using opened = open([ports(443)])
  opened.forget()
  expect(await opened.ssh()).toBe('ECONNABORTED')
  opened.learner.relearn(() => all)
  expect(await opened.ssh()).toBe('ECONNABORTED')
})

test('a name that was allowed counts as such beyond its time, until there is another policy', async () => {
  using opened = open([ports(443), ports(20, 30)])
  expect(await opened.ssh()).toBe('ok')
  opened.forget()
  expect(await opened.ssh()).toBe('ok')
  opened.learner.relearn(() => all)
  expect(await opened.ssh()).toBe('ECONNABORTED')
})
