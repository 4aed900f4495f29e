import { readAddress } from '@runwarden/policy'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Enforcer } from '../../src/enforce/enforcer.ts'
import { LearnedAddresses } from '../../src/enforce/learn.ts'
import { clientHello, serverName } from './client-hello.ts'
import { hex, http, NamesRig } from './names-rig.ts'
import { policy } from './rig.ts'

/** good.example.org led there. */
const BOUND = '198.51.100.1'
/** free.example.org, whose policy line wants no look at names, did. */
const FREE = '198.51.100.2'
/** An address line of the policy allows it. */
const BY_ADDRESS = '203.0.113.1'

const hows = ['sendfile', 'splice', 'zero-copy'] as const
const hello = clientHello(serverName('good.example.org'))
const request = http('/', 'Host: good.example.org', 'Content-Length: 4')
/** What follows the server's hello: records that no second ClientHello hides behind. */
const finished = Buffer.from('14030300010117030300020000', 'hex')

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
  const allow = 'good.example.org:1-65535 free.example.org:1-65535 203.0.113.1:1-65535'
  const made = rig.enforce(policy(egress, allow, blocked))
  const learner = LearnedAddresses.open(made.enforcer.maps)
  const grant = { protocol: 'tcp', portFrom: 1, portTo: 65_535, rule: 0 } as const
  learner.learn('good.example.org', readAddress(BOUND)!, 600, [grant])
  learner.learn('free.example.org', readAddress(FREE)!, 600, [{ ...grant, unchecked: true }])
  learner.close()
  return made
}

/** Sends segments, the last of them from pages that their sender could still change. */
async function send(
  scope: string,
  how: string,
  address: string,
  port: number,
  ...segments: (Buffer | string)[]
): Promise<{ outcome: string; told: string[]; arrived: string }> {
  rig.refusals()
  const outcome = await rig.act(scope, 'segments', address, `${port}`, `${how}:${hex(...segments)}`)
  return {
    outcome,
    told: rig.refusals(),
    arrived: (await rig.received(address, port)).join(''),
  }
}

const together = (...segments: (Buffer | string)[]): string => hex(...segments).replaceAll(',', '')

describe.each(hows)('in block mode, by %s,', (how) => {
  let enforcer: Enforcer
  let scope: string
  beforeAll(() => {
    ;({ enforcer, scope } = enforce('block'))
  })
  afterAll(() => enforcer.close())

  test('a ClientHello of an allowed name is refused', async () => {
    expect(await send(scope, how, BOUND, 443, hello)).toEqual({
      outcome: 'ECONNABORTED',
      told: ['blocked zero-copy other'],
      arrived: '',
    })
  })

  test('what follows the head of a request is refused: another request may be in it', async () => {
    expect(await send(scope, how, BOUND, 80, request, 'body')).toEqual({
      outcome: 'ECONNABORTED',
      told: ['blocked zero-copy other'],
      arrived: together(request),
    })
  })

  test.each([
    ['what follows the handshake of TLS', BOUND, 443, [hello, finished, 'of the program']],
    ['a ClientHello whose policy line wants no look at names', FREE, 443, [hello]],
    ['the body of a request to it', FREE, 80, [request, 'body']],
    ['a request to an address of the policy', BY_ADDRESS, 80, [request]],
  ])('%s passes', async (_, address, port, segments) => {
    expect(await send(scope, how, address, port, ...segments)).toEqual({
      outcome: 'ok',
      told: [],
      arrived: together(...segments),
    })
  })
})

test.each(hows)('in audit mode, by %s, it passes and is told once', async (how) => {
  const { enforcer, scope } = enforce('audit')
  using _ = enforcer
  expect(await send(scope, how, BOUND, 80, request, 'body')).toEqual({
    outcome: 'ok',
    told: ['would-block zero-copy other'],
    arrived: together(request, 'body'),
  })
})

test.each(hows)(
  'by %s, at an address of the policy, it is refused where names are on the block list',
  async (how) => {
    const { enforcer, scope } = enforce('block', ['evil.example.net'])
    using _ = enforcer
    expect(await send(scope, how, BY_ADDRESS, 443, hello)).toEqual({
      outcome: 'ECONNABORTED',
      told: ['blocked zero-copy other'],
      arrived: '',
    })
    expect(
      await send(scope, how, BY_ADDRESS, 443, hello, finished, 'of the program'),
    ).toMatchObject({
      outcome: 'ok',
      told: [],
    })
  },
)
