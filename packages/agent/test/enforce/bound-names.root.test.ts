import { readAddress } from '@runwarden/policy'
import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { grantsOf } from '../../src/dns/decide.ts'
import { namePolicy } from '../../src/dns/policy.ts'
import type { Enforcer } from '../../src/enforce/enforcer.ts'
import { LearnedAddresses } from '../../src/enforce/learn.ts'
import {
  clientHello,
  ech,
  handshake,
  largeShare,
  record,
  serverName,
  tlsData,
} from './client-hello.ts'
import { expireLearned } from './expire.ts'
import { hex, http, NamesRig } from './names-rig.ts'
import type { Talker } from './net.ts'
import { policy } from './rig.ts'

const ONE = '198.51.100.1'
const TWO = '198.51.100.2'
const NAMED = '203.0.113.1'

let rig: NamesRig
beforeAll(async () => {
  rig = await NamesRig.open()
})
afterAll(async () => {
  await rig[Symbol.asyncDispose]()
})

const hello = (name: string): Buffer => clientHello(serverName(name))
const request = (host: string): string => http('/', `Host: ${host}`)

/** Lets a name lead to an address, for all TCP ports, by a rule. */
function learn(enforcer: Enforcer, ...led: [name: string, address: string, rule: number][]): void {
  const learner = LearnedAddresses.open(enforcer.maps)
  for (const [name, address, rule] of led) {
    const grants = [{ protocol: 'tcp', portFrom: 1, portTo: 65_535, rule } as const]
    expect(learner.learn(name, readAddress(address)!, 600, grants)).toBe(true)
  }
  learner.close()
}

describe.each(['audit', 'block'] as const)('in %s mode a name of the block list', (egress) => {
  let enforcer: Enforcer
  let scope: string
  beforeAll(() => {
    ;({ enforcer, scope } = rig.enforce(
      policy(egress, `good.example.org:1-65535 ${NAMED}:1-65535`, [
        'evil.example.net',
        '*.bad.example.net',
      ]),
    ))
    learn(enforcer, ['good.example.org', ONE, 0])
  })
  afterAll(() => enforcer.close())

  test.each([
    ['as SNI', ONE, 443, 'tls evil.example.net', hello('Evil.Example.net')],
    ['as SNI, under a wildcard', ONE, 443, 'tls a.b.bad.example.net', hello('a.b.bad.example.net')],
    [
      'as SNI to an address of the policy',
      NAMED,
      443,
      'tls evil.example.net',
      hello('evil.example.net'),
    ],
    ['as Host', ONE, 80, 'http evil.example.net', request('evil.example.net')],
    [
      'as Host under a wildcard, to an address of the policy',
      NAMED,
      80,
      'http x.bad.example.net',
      request('x.bad.example.net:80'),
    ],
  ])('%s is refused', async (_, address, port, said, segment) => {
    expect(await rig.send(scope, address, port, segment)).toEqual({
      outcome: 'ECONNABORTED',
      told: [`attack-blocked block-list ${said}`],
      arrived: [],
    })
  })

  const evil = hello('evil.example.net')
  test.each<[what: string, port: number, as: string, ...(Buffer | string)[]]>([
    ['as SNI', 443, 'tls', evil.subarray(0, 60), evil.subarray(60)],
    ['as SNI behind one byte', 443, 'tls', evil.subarray(0, 1), evil.subarray(1)],
    ['as SNI, cut in the name', 443, 'tls', evil.subarray(0, 110), evil.subarray(110)],
    [
      'as SNI of a second hello, behind four bytes',
      443,
      'tls',
      hello('good.example.org'),
      evil.subarray(0, 4),
      evil.subarray(4),
    ],
    ['as Host', 80, 'http', 'GET /x HTTP/1.1\r\nHo', 'st: evil.example.net\r\n\r\n'],
    ['as Host, cut in the method', 80, 'http', 'GE', 'T /x', request('evil.example.net').slice(5)],
    [
      'as Host of a second request',
      80,
      'http',
      request('good.example.org'),
      'GET /x HTTP/1.1\r\nHo',
      'st: evil.example.net\r\n\r\n',
    ],
    [
      'as Host behind a CR',
      80,
      'http',
      `GET / HTTP/1.1\r\nX: a\r${request('evil.example.net').slice(16)}`,
    ],
    [
      'as Host, its line in doubt and cut',
      80,
      'http',
      'GET\t/\x01',
      ` HTTP/01.1${request('evil.example.net').slice(14)}`,
    ],
    [
      'as Host of a second request that the first one’s segment cuts',
      80,
      'http',
      request('good.example.org') + 'GET /x HTTP/1.1\r\nHo',
      'st: evil.example.net\r\n\r\n',
    ],
  ])('%s in pieces is refused at an address of the policy', async (_, port, as, ...pieces) => {
    const { outcome, told, arrived } = await rig.send(scope, NAMED, port, ...pieces)
    expect({ outcome, told, arrived: arrived.join('') }).toEqual({
      outcome: 'ECONNABORTED',
      told: [`attack-blocked block-list ${as} evil.example.net`],
      arrived: hex(...pieces.slice(0, -1)).replaceAll(',', ''),
    })
  })

  test('in pieces is refused where a name opened the address', async () => {
    const refusal = {
      audit: 'attack-blocked block-list tls evil.example.net',
      block: 'blocked split-hello tls',
    }
    expect(await rig.send(scope, ONE, 443, evil.subarray(0, 60), evil.subarray(60))).toMatchObject({
      outcome: 'ECONNABORTED',
      told: [refusal[egress]],
    })
  })

  const message = handshake([serverName('evil.example.net')])
  test.each([
    [
      'each record of a hello: several are',
      'split-hello tls',
      Buffer.concat([record(message.subarray(0, 20)), record(message.subarray(20))]),
    ],
    [
      'all of a head: one of several Hosts is',
      'http-host http x.org',
      http('/', 'Host: x.org', 'Host: evil.example.net'),
    ],
  ])('is looked for in %s refused', async (_, told, bytes) => {
    expect(await rig.send(scope, NAMED, 443, bytes)).toMatchObject(
      egress === 'block'
        ? { outcome: 'ECONNABORTED', told: [`blocked ${told}`] }
        : { outcome: 'ok', told: [`would-block ${told}`] },
    )
  })

  test.each<[what: string, port: number, ...(Buffer | string)[]]>([
    ['a hello in pieces', 443, hello('x.org').subarray(0, 60), hello('x.org').subarray(60)],
    ['a word', 22, 'ruok', 'and', ' more'],
    ['a request in pieces', 80, 'GET', ' / HTTP/1.1\r\nHost: x', '.org\r\n\r\n'],
    ['one byte at a time', 22, ...'abcdefgh'],
    ['9,000 letters', 22, 'a'.repeat(3000), 'b'.repeat(3000), 'c'.repeat(3000), 'd'],
    ['a large upload', 80, `${request('x.org')}${'y'.repeat(5000)}`, 'z'.repeat(6000), 'z'],
  ])('%s without it passes', async (_, port, ...pieces) => {
    const { outcome, told, arrived } = await rig.send(scope, NAMED, port, ...pieces)
    expect({ outcome, told, arrived: arrived.join('') }).toEqual({
      outcome: 'ok',
      told: [],
      arrived: hex(...pieces).replaceAll(',', ''),
    })
  })

  test('does not stand for its neighbours', async () => {
    for (const name of ['bad.example.net', 'an.evil.example.net', 'evil.example.net.org'])
      expect(await rig.send(scope, NAMED, 443, hello(name))).toMatchObject({
        outcome: 'ok',
        told: [],
      })
  })
})

test('an address that many names led to is reached by each of them, and by no other', async () => {
  const { enforcer, scope } = rig.enforce(policy('block', '*.example.org:1-65535'))
  using _ = enforcer
  const names = Array.from({ length: 60 }, (_each, i) => `n${i}.example.org`)
  learn(enforcer, ...names.map((name): [string, string, number] => [name, ONE, 0]))
  for (const name of [names[0]!, names[8]!, names[59]!])
    expect(await rig.send(scope, ONE, 443, hello(name))).toMatchObject({ outcome: 'ok', told: [] })
  expect(await rig.send(scope, ONE, 443, hello('n60.example.org'))).toEqual({
    outcome: 'ECONNABORTED',
    told: ['blocked server-name tls n60.example.org'],
    arrived: [],
  })
})

test('an alias of a name is no other name', async () => {
  const { enforcer, scope } = rig.enforce(policy('block', '*.example.org:1-65535'))
  using _ = enforcer
  const learner = LearnedAddresses.open(enforcer.maps)
  const grants = [{ protocol: 'tcp', portFrom: 1, portTo: 65_535, rule: 0 } as const]
  const lead = (name: string, ...aliases: string[]): boolean =>
    learner.learn(name, readAddress(ONE)!, 600, grants, aliases)
  lead('gist.example.org', 'hub.example.org')
  const https = [{ protocol: 'tcp', portFrom: 443, portTo: 443, rule: 0 } as const]
  learner.learn('hub.example.org', readAddress(ONE)!, 600, https)
  lead('www.example.org', 'hub.example.org')
  const ssh = (): Promise<unknown> => rig.send(scope, ONE, 22, 'SSH-2.0-x\r\n')
  expect(await ssh()).toMatchObject({ outcome: 'ok' })
  learner.share(readAddress(ONE)!, 600)
  expect(await ssh()).toMatchObject({ told: ['blocked not-tls other'], arrived: [] })
  learner.close()
})

test('what an alias allows does not depend on the order of lookups', async () => {
  const { enforcer, scope } = rig.enforce(policy('block', 'www.example.org:80 hub.example.org:443'))
  using _ = enforcer
  const learner = LearnedAddresses.open(enforcer.maps)
  const lead = (name: string, ttl: number, port: number, aliases: string[] = []): boolean =>
    learner.learn(
      name,
      readAddress(ONE)!,
      ttl,
      [{ protocol: 'tcp', portFrom: port, portTo: port, rule: 0 }],
      aliases,
    )
  const www = (): boolean => lead('www.example.org', 600, 80, ['hub.example.org'])
  const hub = (): boolean => lead('hub.example.org', 600, 443)
  for (const lookUp of [www, hub, hub, www]) {
    lookUp()
    expect(await rig.send(scope, ONE, 80, request('hub.example.org'))).toMatchObject({
      outcome: 'ok',
      told: [],
    })
  }
  expect(await rig.send(scope, ONE, 443, hello('hub.example.org'))).toMatchObject({
    outcome: 'ok',
  })
  expect(await rig.send(scope, ONE, 443, hello('www.example.org'))).toMatchObject({
    told: ['blocked server-name tls www.example.org'],
  })
  learner.close()
})

test('what follows a word is read behind it', async () => {
  const { enforcer, scope } = rig.enforce(policy('block', 'good.example.org:1-65535'))
  using _ = enforcer
  learn(enforcer, ['good.example.org', ONE, 0])
  for (const [word, rest] of [
    ['G', request('evil.example.net').slice(1)],
    ['A'.repeat(600), `${'A'.repeat(40)} ${request('evil.example.net').slice(4)}`],
  ] as const)
    expect(await rig.send(scope, ONE, 80, word, rest)).toEqual({
      outcome: 'ECONNABORTED',
      told: ['blocked server-name http evil.example.net'],
      arrived: [hex(word)],
    })
})

/** Holds a connection that sends what it is told, hexadecimal. */
const keep = (scope: string, port: string): Promise<Talker> =>
  rig.talker(rig.command(scope, 'hex-keep', ONE, port))

describe('a flow', () => {
  test('goes on beyond its name’s time, with the same name', async () => {
    const { enforcer, scope } = rig.enforce(policy('block', 'good.example.org:1-65535'))
    using _ = enforcer
    learn(enforcer, ['good.example.org', ONE, 0], ['other.example.org', ONE, 0])
    await using web = await keep(scope, '80')
    expect(await web.ask(hex(request('good.example.org')))).toBe('ok')
    expireLearned(enforcer.maps)
    expect(await web.ask(hex(request('good.example.org')))).toBe('ok')
    expect(await web.ask(hex(request('evil.example.net')))).toBe('ECONNABORTED')
  })

  test('is remembered by its socket when it was forgotten for newer ones', async () => {
    const { enforcer, scope } = rig.enforce(policy('block', 'good.example.org:1-65535'))
    using _ = enforcer
    learn(enforcer, ['good.example.org', ONE, 0], ['other.example.org', ONE, 0])
    await using tls = await keep(scope, '443')
    await using web = await keep(scope, '80')
    expect(await tls.ask(hex(hello('good.example.org')))).toBe('ok')
    expect(await tls.ask(hex(tlsData))).toBe('ok')
    expect(await web.ask(hex(request('good.example.org')))).toBe('ok')
    enforcer.flows()
    expect(await tls.ask(hex(tlsData))).toBe('ok')
    expect(await web.ask(hex('more of a body'))).toBe('ok')
    expect(await web.ask(hex(request('evil.example.net')))).toBe('ECONNABORTED')
  })

  test('lives through a reload that allows its name, and ends when only a neighbour stays allowed', async () => {
    const { enforcer, scope } = rig.enforce(
      policy('block', 'good.example.org:1-65535 other.example.org:1-65535'),
    )
    using _ = enforcer
    learn(enforcer, ['good.example.org', ONE, 0], ['other.example.org', ONE, 1])
    await using good = await keep(scope, '443')
    await using other = await keep(scope, '443')
    for (const [flow, name] of [
      [good, 'good.example.org'],
      [other, 'other.example.org'],
    ] as const) {
      expect(await flow.ask(hex(hello(name)))).toBe('ok')
      expect(await flow.ask(hex(tlsData))).toBe('ok')
    }
    const learner = LearnedAddresses.open(enforcer.maps)
    learner.relearn((name) =>
      name === 'other.example.org'
        ? [{ protocol: 'tcp', portFrom: 1, portTo: 65_535, rule: 0 }]
        : [],
    )
    learner.close()
    // Before: an acknowledgement that was put off may be what is refused first.
    rig.told()
    enforcer.replacePolicy(policy('block', 'other.example.org:1-65535'))
    expect(await other.ask(hex(tlsData))).toBe('ok')
    expect(await good.ask(hex(tlsData))).toBe('ECONNABORTED')
    expect(rig.told()).toContain(`blocked server-name packet 6 ${ONE} 443`)
    expect(await rig.send(scope, ONE, 443, hello('good.example.org'))).toMatchObject({
      outcome: 'ECONNABORTED',
      told: ['blocked server-name tls good.example.org'],
    })
  })
})

test('a flow ends when its name comes onto the block list', async () => {
  const allow = 'good.example.org:1-65535'
  const { enforcer, scope } = rig.enforce(policy('block', allow))
  using _ = enforcer
  learn(enforcer, ['good.example.org', ONE, 0])
  await using flow = await keep(scope, '443')
  expect(await flow.ask(hex(hello('good.example.org')))).toBe('ok')
  expect(await flow.ask(hex(tlsData))).toBe('ok')
  const listed = policy('block', allow, ['good.example.org'])
  const learner = LearnedAddresses.open(enforcer.maps)
  learner.relearn((name, address) => grantsOf(namePolicy(listed), name, address))
  learner.close()
  rig.told()
  enforcer.replacePolicy(listed)
  expect(await flow.ask(hex(tlsData))).toBe('ECONNABORTED')
  expect(rig.told()).toEqual([`blocked no-rule packet 6 ${ONE} 443`])
})

test('data in the SYN says its name as well', async () => {
  const { enforcer, scope } = rig.enforce(policy('block', 'good.example.org:1-65535'))
  using _ = enforcer
  learn(enforcer, ['good.example.org', ONE, 0], ['good.example.org', TWO, 0])
  // The client sends data in the SYN, the server takes it, both without a cookie.
  for (const [namespace, value] of [
    [rig.net.near, 0x5],
    [rig.net.far, 0x602],
  ])
    execFileSync('nsenter', [
      `--net=/run/netns/${namespace}`,
      'sh',
      '-c',
      `echo ${value} > /proc/sys/net/ipv4/tcp_fastopen`,
    ])
  for (const address of [ONE, TWO]) {
    await rig.received(address, 443)
    rig.told()
    expect(
      await rig.act(scope, 'fast-open', address, '443', hex(hello('evil.example.net'))),
    ).toMatch(/ECONNABORTED|EPERM/)
    expect(rig.refusals()).toEqual(['blocked server-name tls evil.example.net'])
    expect(await rig.received(address, 443)).toEqual([])
    expect(await rig.act(scope, 'fast-open', address, '443', hex(hello('good.example.org')))).toBe(
      'ok',
    )
    expect(await rig.received(address, 443)).toEqual([hex(hello('good.example.org'))])
  }
})

test('QUIC to a name that is allowed over TCP is refused at once, and says so', async () => {
  const { enforcer, scope } = rig.enforce(policy('block', 'good.example.org'))
  using _ = enforcer
  learn(enforcer, ['good.example.org', ONE, 0])
  rig.told()
  for (const act of ['udp-sendto', 'udp-connect', 'udp-sendmsg'])
    expect(await rig.act(scope, act, ONE, '443')).toBe('EPERM')
  expect(rig.told()).toEqual(Array.from({ length: 3 }, () => `blocked quic send 17 ${ONE} 443`))
  expect(await rig.act(scope, 'udp-sendto', TWO, '443')).toBe('EPERM')
  expect(rig.told()).toEqual([`blocked no-rule send 17 ${TWO} 443`])
})

/** A request that is longer than a segment. */
const long = (...fields: string[]): string =>
  http('/', ...Array.from({ length: 3 }, () => `X: ${'y'.repeat(600)}`), ...fields)

describe('on a device that takes single segments', () => {
  let enforcer: Enforcer
  let scope: string
  beforeAll(() => {
    const device = ['link', 'set', 'near', 'gso_max_size', '1514', 'gso_max_segs', '1']
    execFileSync('ip', ['-n', rig.net.near, ...device])
    ;({ enforcer, scope } = rig.enforce(policy('block', 'good.example.org:1-65535')))
    learn(enforcer, ['good.example.org', ONE, 0], ['other.example.org', ONE, 0])
    learn(enforcer, ['good.example.org', '2001:db8:1::1', 0])
    const learner = LearnedAddresses.open(enforcer.maps)
    learner.share(readAddress(ONE)!, 600)
    learner.close()
  })
  afterAll(() => enforcer.close())

  test.each([
    [
      'a long ClientHello',
      ONE,
      443,
      clientHello(largeShare, serverName('good.example.org'), largeShare),
    ],
    [
      'the same over IPv6',
      '2001:db8:1::1',
      443,
      clientHello(largeShare, largeShare, serverName('good.example.org')),
    ],
    [
      'a ClientHello of four segments',
      ONE,
      443,
      clientHello(largeShare, largeShare, largeShare, largeShare, serverName('good.example.org')),
    ],
    ['a long request', ONE, 80, long('Host: good.example.org')],
  ])('%s passes', async (_, address, port, segment) => {
    const { outcome, told, arrived } = await rig.send(scope, address, port, segment)
    expect({ outcome, told, arrived: arrived.join('') }).toEqual({
      outcome: 'ok',
      told: [],
      arrived: hex(segment),
    })
  })

  test('what follows a ClientHello whose first segment was lost, and sent again, passes', async () => {
    const far = (...rules: string[]) =>
      execFileSync('ip', ['netns', 'exec', rig.net.far, 'nft', rules.join('\n')], {
        encoding: 'utf8',
      })
    far(
      'add table inet loss',
      'add chain inet loss in { type filter hook input priority 0; }',
      'add rule inet loss in meta length gt 1000 quota until 1600 bytes counter drop',
    )
    const segments = [clientHello(largeShare, largeShare, serverName('good.example.org')), tlsData]
    const { outcome, told, arrived } = await rig.send(scope, ONE, 443, ...segments)
    const lost = far('list table inet loss')
    far('delete table inet loss')
    expect(lost).toContain('counter packets 1 ')
    expect({ outcome, told, arrived: arrived.join('') }).toEqual({
      outcome: 'ok',
      told: [],
      arrived: hex(...segments).replaceAll(',', ''),
    })
  })

  test.each([
    [
      'another name in the second segment',
      443,
      'server-name tls evil.example.net',
      clientHello(largeShare, largeShare, serverName('evil.example.net')),
    ],
    [
      'another name in the third',
      443,
      'server-name tls evil.example.net',
      clientHello(largeShare, largeShare, largeShare, serverName('evil.example.net')),
    ],
    [
      'ECH in the second segment',
      443,
      'encrypted-hello tls good.example.org',
      clientHello(serverName('good.example.org'), largeShare, largeShare, ech),
    ],
    [
      'no name in the second segment',
      443,
      'no-server-name tls',
      clientHello(largeShare, largeShare),
    ],
    [
      'a second name in the second segment',
      443,
      'malformed-hello tls good.example.org',
      clientHello(
        serverName('good.example.org'),
        largeShare,
        largeShare,
        serverName('evil.example.net'),
      ),
    ],
    [
      'another Host in the second segment',
      80,
      'server-name http evil.example.net',
      long('Host: evil.example.net'),
    ],
    [
      'a second Host in the second segment',
      80,
      'http-host http good.example.org',
      http('/', 'Host: good.example.org', `X: ${'y'.repeat(1800)}`, 'Host: evil.example.net'),
    ],
  ])('%s is refused before the head is whole', async (_, port, reason, segment) => {
    const { outcome, told, arrived } = await rig.send(scope, ONE, port, segment)
    expect({ outcome, told }).toEqual({ outcome: 'ECONNABORTED', told: [`blocked ${reason}`] })
    expect(arrived.join('').length).toBeLessThan(hex(segment).length)
    expect(arrived.join('')).not.toContain(hex('evil.example.net'))
  })
})
