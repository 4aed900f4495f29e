import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Enforcer } from '../../src/enforce/enforcer.ts'
import { policy, Rig } from './rig.ts'

let rig: Rig
beforeAll(async () => {
  rig = new Rig()
  await rig.record()
  await rig.echo(8080)
})
afterAll(async () => {
  await rig[Symbol.asyncDispose]()
})

const V4 = '198.51.100.1'
const V6 = '2001:db8:1::1'
const AF_VSOCK = '40'
const withoutNetRaw = ['/usr/bin/setpriv', '--bounding-set=-net_raw', '--inh-caps=-net_raw', '--']

describe('in block mode', () => {
  let scope: string
  let enforcer: Enforcer
  beforeAll(() => {
    ;({ enforcer, scope } = rig.enforce(
      policy('block', `${V4}:8080 udp://${V4}:8080 udp://203.0.113.1:8080`),
    ))
  })
  afterAll(() => enforcer.close())

  test.for([
    ['raw', V4],
    ['raw', V6],
    ['raw-header', V4],
    ['fragment', V4],
  ] as const)('%s to %s, which is allowed, gets no raw socket', async ([act, address]) => {
    await rig.arrived()
    rig.told()
    expect(await rig.act(scope, act, address, '8080')).toBe('EPERM')
    expect(rig.told()).toEqual(['blocked raw-socket socket 255 :: 0'])
    expect(await rig.arrived()).toEqual([])
  })

  test('packet sockets are refused to a process without CAP_NET_RAW, and told', async () => {
    await rig.arrived()
    rig.told()
    expect(await rig.actBehind(withoutNetRaw, scope, 'packet', V4, '8080', '2')).toBe('EPERM')
    expect(rig.told()).toEqual(['blocked family socket 255 :: 0'])
    expect(await rig.arrived()).toEqual([])
  })

  // Other machines have no such call.
  test.for(process.arch === 'x64' ? ['packet-socketcall'] : [])(
    'the same by a 32-bit program: %s',
    async (act) => {
      rig.told()
      expect(await rig.actBehind(withoutNetRaw, scope, act, V4, '0')).toBe('EPERM')
      expect(rig.told()).toEqual(['blocked family socket 255 :: 0'])
      expect(await rig.act(scope, act, V4, '0')).toBe('ok')
      expect(rig.told()).toEqual(['would-block family socket 255 :: 0'])
    },
  )

  test('sockets that nothing can stop at this tier are told as would-block', async () => {
    rig.told()
    expect(await rig.act(scope, 'family', '0.0.0.0', AF_VSOCK, 'stream')).toBe('ok')
    expect(rig.told()).toEqual(['would-block family socket 255 :: 0'])
  })

  test('a source route by way of an address that is not allowed goes nowhere', async () => {
    await rig.arrived()
    rig.told()
    expect(await rig.act(scope, 'source-route', '198.51.100.2', '8080', '203.0.113.1')).toBe(
      'EPERM',
    )
    expect(rig.told()).toEqual([
      'allowed address send 17 203.0.113.1 8080',
      'blocked source-route packet 17 198.51.100.2 8080',
    ])
    expect(await rig.arrived()).toEqual([])
  })

  test('a source route by way of an allowed address goes nowhere either', async () => {
    await rig.arrived()
    expect(await rig.act(scope, 'source-route', V4, '8080', '203.0.113.1')).toBe('EPERM')
    expect(await rig.arrived()).toEqual([])
  })
})

describe('in audit mode', () => {
  let scope: string
  let enforcer: Enforcer
  beforeAll(() => {
    ;({ enforcer, scope } = rig.enforce(policy('audit')))
  })
  afterAll(() => enforcer.close())

  test.for([
    [
      'raw',
      V4,
      '8080',
      'would-block raw-socket socket 255 :: 0',
      `would-block no-rule packet 17 ${V4} 8080`,
    ],
    [
      'raw',
      V6,
      '8080',
      'would-block raw-socket socket 255 :: 0',
      `would-block no-rule packet 17 ${V6} 8080`,
    ],
    [
      'raw-header',
      V4,
      '8080',
      'would-block raw-socket socket 255 :: 0',
      `would-block no-rule packet 17 ${V4} 8080`,
    ],
    [
      'fragment',
      V4,
      '8080',
      'would-block raw-socket socket 255 :: 0',
      `would-block fragment packet 17 ${V4} 0`,
    ],
    [
      'source-route',
      V4,
      '8080',
      'would-block no-rule send 17 203.0.113.1 8080',
      `would-block source-route packet 17 ${V4} 8080`,
      '203.0.113.1',
    ],
    ['packet', V4, '8080', 'would-block family socket 255 :: 0', null, '2'],
    ['packet-old', V4, '8080', 'would-block family socket 255 :: 0', null],
    ['family', '0.0.0.0', AF_VSOCK, 'would-block family socket 255 :: 0', null, 'stream'],
  ] as const)(
    '%s to %s %s passes and is told',
    async ([act, address, port, first, second, argument]) => {
      rig.told()
      expect(await rig.act(scope, act, address, port, ...(argument ? [argument] : []))).toBe('ok')
      expect(rig.told()).toEqual(second === null ? [first] : [first, second])
    },
  )
})
