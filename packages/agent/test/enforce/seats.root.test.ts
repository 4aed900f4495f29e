import { readAddress } from '@runwarden/policy'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Enforcer } from '../../src/enforce/enforcer.ts'
import { LearnedAddresses } from '../../src/enforce/learn.ts'
import { clientHello, serverName, tlsData } from './client-hello.ts'
import { expireLearned } from './expire.ts'
import { hex, http, NamesRig } from './names-rig.ts'
import type { Talker } from './net.ts'
import { policy } from './rig.ts'

/** Anybody can make sockets whose flows have the same four seats of the table: see bpf/include/flow_table.h. */

const ONE = '198.51.100.1'
const OTHER = '203.0.113.1'

let rig: NamesRig
let enforcer: Enforcer
let scope: string
beforeAll(async () => {
  rig = await NamesRig.open()
  ;({ enforcer, scope } = rig.enforce(policy('block', `good.example.org:1-65535 ${OTHER}:1-65535`)))
})
afterAll(async () => {
  enforcer.close()
  await rig[Symbol.asyncDispose]()
})

function learn(): void {
  const learner = LearnedAddresses.open(enforcer.maps)
  const grants = [{ protocol: 'tcp', portFrom: 1, portTo: 65_535, rule: 0 } as const]
  learner.learn('good.example.org', readAddress(ONE)!, 600, grants)
  learner.share(readAddress(ONE)!, 600)
  learner.close()
}

const keep = (port: string): Promise<Talker> =>
  rig.talker(rig.command(scope, 'hex-keep', ONE, port))
const good = hex(http('/', 'Host: good.example.org'))
const evil = hex(http('/', 'Host: evil.example.net'))
const goodHello = hex(clientHello(serverName('good.example.org')))
const evilHello = hex(clientHello(serverName('evil.example.net')))

describe('a connection whose seats are all in use', () => {
  test('sends on as soon as one of them is free', async () => {
    learn()
    await using web = await keep('80')
    expect(await web.ask(good)).toBe('ok')
    expect(await web.ask(`crowd:${good}`)).toBe('ok')
    expect(await web.ask(`crowd:${good}`)).toBe('ok')
  })

  test('sends nothing that has to be looked at', async () => {
    learn()
    await using web = await keep('80')
    expect(await web.ask(good)).toBe('ok')
    rig.told()
    expect(await web.ask(`crowd:${evil}`)).toBe('ECONNABORTED')
    expect(rig.refusals()).toEqual(['blocked server-name http evil.example.net'])
  })
})

describe('a socket that connects again', () => {
  test('is looked at as a new one, when it lost its seat, too', async () => {
    learn()
    for (const how of ['', 'evict:']) {
      await using tls = await keep('443')
      expect(await tls.ask(goodHello)).toBe('ok')
      expect(await tls.ask(hex(tlsData))).toBe('ok')
      expect(await tls.ask('again')).toBe('ok')
      expect(await tls.ask(how + goodHello)).toBe('ok')
      expect(await tls.ask(hex(tlsData))).toBe('ok')
      expect(await tls.ask('again')).toBe('ok')
      rig.told()
      expect(await tls.ask(how + evilHello)).toBe('ECONNABORTED')
      expect(rig.refusals()).toEqual(['blocked server-name tls evil.example.net'])
    }
  })

  test('has nothing left of a name whose time is over', async () => {
    learn()
    await using tls = await keep('443')
    expect(await tls.ask(goodHello)).toBe('ok')
    expireLearned(enforcer.maps)
    expect(await tls.ask(hex(tlsData))).toBe('ok')
    expect(await tls.ask('again')).toBe('EPERM')
  })
})

test(
  'nobody takes the seat of a connection while what it sends is read',
  { timeout: 60_000 },
  async () => {
    learn()
    rig.told()
    await rig.received(ONE, 80)
    expect(await rig.act(scope, 'race', ONE, '80', OTHER)).toBe('ok')
    expect((await rig.received(ONE, 80)).join('')).not.toContain(hex('evil'))
    expect(rig.refusals()).toEqual(
      Array.from({ length: 12 }, () => 'blocked server-name http evil.example.net'),
    )
  },
)
