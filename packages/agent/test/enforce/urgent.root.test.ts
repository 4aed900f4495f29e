import { readAddress } from '@runwarden/policy'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Enforcer } from '../../src/enforce/enforcer.ts'
import { LearnedAddresses } from '../../src/enforce/learn.ts'
import { clientHello, serverName, tlsData } from './client-hello.ts'
import { hex, http, NamesRig } from './names-rig.ts'
import { policy } from './rig.ts'

/** Servers take the urgent byte of TCP out of the stream, so what is read of a segment is not what they read. */

/** good.example.org led there. */
const BOUND = '198.51.100.1'
/** An address line of the policy allows it. */
const BY_ADDRESS = '203.0.113.1'

const evil = clientHello(serverName('evil.example.net'))
const request = http('/', 'Host: good.example.org')

let rig: NamesRig
beforeAll(async () => {
  rig = await NamesRig.open()
})
afterAll(async () => {
  await rig[Symbol.asyncDispose]()
})

function enforce(
  egress: 'audit' | 'block',
  blocked: string[] = [],
): { enforcer: Enforcer; scope: string } {
  const made = rig.enforce(policy(egress, 'good.example.org:1-65535 203.0.113.1:1-65535', blocked))
  const learner = LearnedAddresses.open(made.enforcer.maps)
  const grant = { protocol: 'tcp', portFrom: 1, portTo: 65_535, rule: 0 } as const
  learner.learn('good.example.org', readAddress(BOUND)!, 600, [grant])
  learner.close()
  return made
}

async function send(
  scope: string,
  how: 'first' | 'last',
  address: string,
  port: number,
  ...segments: (Buffer | string)[]
): Promise<{ told: string[]; arrived: string }> {
  rig.refusals()
  const what = `urgent-${how}:${hex(...segments)}`
  await rig.act(scope, 'segments', address, `${port}`, what)
  return { told: rig.refusals(), arrived: (await rig.received(address, port)).join('') }
}

describe('in block mode an urgent byte', () => {
  let enforcer: Enforcer
  let scope: string
  beforeAll(() => {
    ;({ enforcer, scope } = enforce('block'))
  })
  afterAll(() => enforcer.close())

  test('in front of a ClientHello is refused', async () => {
    expect(await send(scope, 'first', BOUND, 443, '\0', evil)).toEqual({
      told: ['blocked urgent other'],
      arrived: '',
    })
  })

  test('behind a request is refused: another may be there', async () => {
    expect(await send(scope, 'last', BOUND, 80, request, 'body')).toEqual({
      told: ['blocked urgent other'],
      arrived: hex(request),
    })
  })

  test('passes where nothing is looked at', async () => {
    const hello = clientHello(serverName('good.example.org'))
    expect(await send(scope, 'last', BOUND, 443, hello, tlsData, 'xy')).toEqual({
      told: [],
      arrived: [hello, tlsData, 'x'].map((part) => hex(part)).join(''),
    })
    expect(await send(scope, 'last', BY_ADDRESS, 22, 'abc')).toEqual({
      told: [],
      arrived: hex('ab'),
    })
  })
})

test('it is refused at an address of the policy, too, where names are on the block list', async () => {
  const { enforcer, scope } = enforce('block', ['evil.example.net'])
  using _ = enforcer
  expect(await send(scope, 'first', BY_ADDRESS, 443, '\0', evil)).toEqual({
    told: ['blocked urgent other'],
    arrived: '',
  })
})

test('in audit mode it passes and is told once', async () => {
  const { enforcer, scope } = enforce('audit')
  using _ = enforcer
  expect(await send(scope, 'last', BOUND, 80, request, 'body')).toEqual({
    told: ['would-block urgent other'],
    arrived: hex(request, 'bod').replace(',', ''),
  })
})
