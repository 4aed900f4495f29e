import { readAddress } from '@runwarden/policy'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Enforcer } from '../../src/enforce/enforcer.ts'
import { LearnedAddresses } from '../../src/enforce/learn.ts'
import { clientHello, ech, handshake, largeShare, record, serverName } from './client-hello.ts'
import { hex, http, NamesRig } from './names-rig.ts'
import { policy } from './rig.ts'

/** Only good.example.org led there. */
const ALONE = '198.51.100.1'
/** good.example.org and other.example.org, which is allowed as well, did; and a name that is not. */
const SHARED = '198.51.100.2'
const SHARED6 = '2001:db8:1::2'
/** good.example.org and other.example.org did. */
const BOTH = '198.51.100.3'
/** good.example.org did; and narrow.example.org, which is allowed on port 443 only. */
const NARROW = '198.51.100.4'
/** An address line of the policy allows it; good.example.org led there. */
const BY_ADDRESS = '203.0.113.1'
/** free.example.org, whose policy line wants no look at names, did. */
const FREE = '203.0.113.9'

const allow = 'good.example.org:1-65535 other.example.org:1-65535 203.0.113.1:1-65535'
const grant = (rule: number) => ({ protocol: 'tcp', portFrom: 1, portTo: 65_535, rule }) as const

let rig: NamesRig
beforeAll(async () => {
  rig = await NamesRig.open()
})
afterAll(async () => {
  await rig[Symbol.asyncDispose]()
})

function enforce(egress: 'audit' | 'block'): { enforcer: Enforcer; scope: string } {
  const made = rig.enforce(policy(egress, allow))
  const learner = LearnedAddresses.open(made.enforcer.maps)
  const learn = (name: string, address: string, rule: number, ...aliases: string[]) =>
    learner.learn(name, readAddress(address)!, 600, [grant(rule)], aliases)
  learn('good.example.org', ALONE, 0, 'edge.example.net', 'cdn.example.net')
  for (const address of [SHARED, SHARED6]) {
    learn('good.example.org', address, 0)
    learn('other.example.org', address, 1)
    learner.share(readAddress(address)!, 600)
  }
  learn('good.example.org', BOTH, 0)
  learn('other.example.org', BOTH, 1)
  learn('good.example.org', NARROW, 0)
  const https = { ...grant(1), portFrom: 443, portTo: 443 }
  learner.learn('narrow.example.org', readAddress(NARROW)!, 600, [https])
  learn('good.example.org', BY_ADDRESS, 0)
  learner.learn('free.example.org', readAddress(FREE)!, 600, [{ ...grant(0), unchecked: true }])
  learner.learn('good.example.org', readAddress(FREE)!, 600, [grant(0)])
  learner.close()
  return made
}

const good = clientHello(serverName('good.example.org'))
const evil = clientHello(serverName('evil.example.net'))
const none = clientHello([16, Buffer.from('000302683')])
const hidden = clientHello(serverName('good.example.org'), ech)
const twoRecords = ((message) =>
  Buffer.concat([record(message.subarray(0, 20)), record(message.subarray(20))]))(
  handshake([serverName('good.example.org')]),
)
const alert = Buffer.from('15030100020100', 'hex')
const changeCipherSpec = Buffer.from('140303000101', 'hex')

describe('in block mode', () => {
  let scope: string
  let enforcer: Enforcer
  beforeAll(() => {
    ;({ enforcer, scope } = enforce('block'))
  })
  afterAll(() => enforcer.close())

  const passing: [what: string, address: string, port: number, ...segments: (Buffer | string)[]][] =
    [
      ['SNI of the name', ALONE, 443, good],
      [
        'in other case, with a trailing dot',
        SHARED,
        443,
        clientHello(serverName('GOOD.example.ORG.')),
      ],
      [
        'SNI behind a large extension',
        SHARED,
        443,
        clientHello(largeShare, serverName('good.example.org')),
      ],
      [
        'SNI of each name of a shared address',
        SHARED,
        443,
        clientHello(serverName('other.example.org')),
      ],
      [
        'a hello of several segments',
        SHARED,
        443,
        clientHello(largeShare, largeShare, serverName('good.example.org')),
      ],
      [
        'the same over IPv6',
        SHARED6,
        443,
        clientHello(largeShare, largeShare, largeShare, largeShare, serverName('good.example.org')),
      ],
      ['over IPv6', SHARED6, 443, good],
      ['SNI of an alias of the answer', ALONE, 443, clientHello(serverName('cdn.example.net'))],
      ['what follows a hello', SHARED, 443, good, evil.subarray(40), 'anything'],
      ['HTTP for the name', SHARED, 80, http('/', 'Host: good.example.org')],
      ['HTTP with a port and other case', SHARED, 80, http('/', 'HOST:Good.Example.Org.:80')],
      [
        'HTTP with an absolute target',
        SHARED,
        80,
        http('http://good.example.org/a', 'Host: good.example.org'),
      ],
      [
        'HTTP, several requests',
        SHARED,
        80,
        http('/1', 'Host: good.example.org'),
        http('/2', 'Host: other.example.org'),
        'a body with a line\r\nHost: evil.example.net\r\n\r\n',
        http('/3', 'Host: good.example.org'),
      ],
      ['no SNI where there is one name', ALONE, 443, none],
      ['another protocol where there is one name', ALONE, 22, 'SSH-2.0-test\r\n'],
      ['no SNI where all names are allowed', BOTH, 443, none],
      ['another protocol where all names are allowed', BOTH, 22, 'SSH-2.0-test\r\n'],
      ['HTTP without Host where all names are allowed', BOTH, 80, 'GET / HTTP/1.0\r\n\r\n'],
      ['no SNI on a port that all names are allowed for', NARROW, 443, none],
      [
        'two requests at once',
        SHARED,
        80,
        http('/1', 'Host: good.example.org') + http('/2', 'Host: other.example.org'),
      ],
      ['HTTP without Host where there is one name', ALONE, 80, 'GET / HTTP/1.0\r\n\r\n'],
      ['a binary protocol where there is one name', ALONE, 22, 'AMQP\0\0\x09\x01'],
      ['a command where there is one name', ALONE, 22, 'EHLO me\r\n', 'QUIT\r\n'],
      ['any name at an address of the policy', BY_ADDRESS, 443, evil],
      ['any protocol at an address of the policy', BY_ADDRESS, 22, 'SSH-2.0-test\r\n'],
      ['any name where a line wants no look', FREE, 443, evil],
    ]
  test.for(passing)('%s passes', async ([, address, port, ...segments]) => {
    const { outcome, told, arrived } = await rig.send(scope, address, port, ...segments)
    expect({ outcome, told, arrived: arrived.join('') }).toEqual({
      outcome: 'ok',
      told: [],
      arrived: hex(...segments).replaceAll(',', ''),
    })
  })

  const refused: [
    what: string,
    address: string,
    port: number,
    told: string,
    ...segments: (Buffer | string)[],
  ][] = [
    ['SNI of another name', ALONE, 443, 'server-name tls evil.example.net', evil],
    ['SNI of another name, IPv6', SHARED6, 443, 'server-name tls evil.example.net', evil],
    [
      'SNI of a name that leads elsewhere',
      ALONE,
      443,
      'server-name tls other.example.org',
      clientHello(serverName('other.example.org')),
    ],
    [
      'SNI with a NUL byte',
      ALONE,
      443,
      'server-name tls good.example.org\0',
      clientHello(serverName('good.example.org\0')),
    ],
    [
      'SNI that only begins with the name',
      ALONE,
      443,
      'server-name tls good.example.org.evil.net',
      clientHello(serverName('good.example.org.evil.net')),
    ],
    [
      'two server names',
      SHARED,
      443,
      'malformed-hello tls good.example.org',
      clientHello(serverName('good.example.org'), serverName('evil.example.net')),
    ],
    ['no SNI', SHARED, 443, 'no-server-name tls', none],
    ['an address as SNI', SHARED, 443, 'no-server-name tls', clientHello(serverName(SHARED))],
    ['ECH', SHARED, 443, 'encrypted-hello tls good.example.org', hidden],
    ['ECH where there is one name', ALONE, 443, 'encrypted-hello tls good.example.org', hidden],
    [
      'a first segment of one byte where there is one name',
      ALONE,
      443,
      'split-hello tls',
      evil.subarray(0, 1),
      evil.subarray(1),
    ],
    ['a hello in two records where there is one name', ALONE, 443, 'split-hello tls', twoRecords],
    [
      'a request in pieces where there is one name',
      ALONE,
      80,
      'split-hello other',
      'G',
      'ET / HTTP/1.1\r\nHost: evil.example.net\r\n\r\n',
    ],
    [
      'a request whose head is in pieces where there is one name',
      ALONE,
      80,
      'split-hello http',
      'GET / HTTP/1.1\r\n',
      'Host: evil.example.net\r\n\r\n',
    ],
    ['an alert first', ALONE, 443, 'malformed-hello tls', Buffer.concat([alert, good])],
    ['the hello of SSL 2', ALONE, 443, 'malformed-hello tls', Buffer.from('802e0103010015', 'hex')],
    [
      'two hellos at once',
      ALONE,
      443,
      'malformed-hello tls good.example.org',
      Buffer.concat([good, evil]),
    ],
    ['HTTP/2 without TLS', ALONE, 80, 'http-host http', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    [
      'two requests at once, one for another host',
      ALONE,
      80,
      'server-name http evil.example.net',
      http('/', 'Host: good.example.org') + http('/', 'Host: evil.example.net'),
    ],
    [
      'a request behind the end of a body',
      ALONE,
      80,
      'server-name http evil.example.net',
      `${http('/', 'Host: good.example.org', 'Transfer-Encoding: chunked')}0\r\n\r\n${http('/', 'Host: evil.example.net')}`,
    ],
    [
      'a hundred requests at once',
      ALONE,
      80,
      'http-host http good.example.org',
      http('/', 'Host: good.example.org').repeat(100),
    ],
    [
      'an empty line first',
      ALONE,
      80,
      'split-hello other',
      '\r\n',
      http('/', 'Host: evil.example.net'),
    ],
    [
      'a first segment of one byte',
      SHARED,
      443,
      'split-hello tls',
      good.subarray(0, 1),
      good.subarray(1),
    ],
    [
      'a hello in two segments',
      SHARED,
      443,
      'split-hello tls',
      good.subarray(0, 90),
      good.subarray(90),
    ],
    ['a hello in two records', SHARED, 443, 'split-hello tls', twoRecords],
    [
      'a hello that cannot be read',
      SHARED,
      443,
      'malformed-hello tls',
      Buffer.concat([good.subarray(0, 43), Buffer.alloc(100, 255)]),
    ],
    [
      'a handshake that is no hello',
      SHARED,
      443,
      'malformed-hello tls',
      record(Buffer.from('0200000100', 'hex')),
    ],
    ['another protocol', SHARED, 22, 'not-tls other', 'SSH-2.0-test\r\n'],
    [
      'it on a port that a name is not allowed for',
      NARROW,
      22,
      'not-tls other',
      'SSH-2.0-test\r\n',
    ],
    [
      'SNI of another name where all are allowed',
      BOTH,
      443,
      'server-name tls evil.example.net',
      evil,
    ],
    [
      'a hello in two records where all names are allowed',
      BOTH,
      443,
      'split-hello tls',
      twoRecords,
    ],
    [
      'HTTP for another host',
      SHARED,
      80,
      'server-name http evil.example.net',
      http('/', 'Host: evil.example.net'),
    ],
    ['HTTP without Host', SHARED, 80, 'no-server-name http', 'GET / HTTP/1.0\r\n\r\n'],
    ['HTTP for an address', SHARED, 80, 'no-server-name http', http('/', `Host: ${SHARED}`)],
    [
      'two Hosts',
      ALONE,
      80,
      'http-host http good.example.org',
      http('/', 'Host: good.example.org', 'Host: evil.example.net'),
    ],
    [
      'a Host with blanks',
      ALONE,
      80,
      'http-host http good.example.org',
      http('/', 'Host: good.example.org evil.example.net'),
    ],
    [
      'a folded Host',
      ALONE,
      80,
      'http-host http good.example.org',
      http('/', 'Host: good.example.org', ' evil.example.net'),
    ],
    [
      'an absolute target elsewhere',
      ALONE,
      80,
      'server-name http evil.example.net',
      http('http://evil.example.net/', 'Host: good.example.org'),
    ],
    [
      'a target with a name in front of @',
      ALONE,
      80,
      'server-name http evil.example.net',
      http('http://good.example.org:80@evil.example.net/', 'Host: good.example.org'),
    ],
    [
      'CONNECT elsewhere',
      ALONE,
      80,
      'server-name http evil.example.net',
      'CONNECT evil.example.net:443 HTTP/1.1\r\nHost: good.example.org\r\n\r\n',
    ],
    [
      'HTTP whose head is split',
      SHARED,
      80,
      'split-hello http good.example.org',
      'GET / HTTP/1.1\r\nHost: good.example.org\r\n',
      'Host: evil.example.net\r\n\r\n',
    ],
    [
      'HTTP behind empty lines',
      ALONE,
      80,
      'server-name http evil.example.net',
      `\r\n\r\n${http('/', 'Host: evil.example.net')}`,
    ],
  ]
  test.for(refused)('%s is refused at once', async ([, address, port, reason, ...segments]) => {
    const { outcome, told, arrived } = await rig.send(scope, address, port, ...segments)
    expect({ outcome, told, arrived }).toEqual({
      outcome: 'ECONNABORTED',
      told: [`blocked ${reason}`],
      arrived: [],
    })
  })

  test.for([
    ['a second ClientHello with another name', 443, 'server-name tls evil.example.net', good, evil],
    [
      'the same behind a ChangeCipherSpec',
      443,
      'server-name tls evil.example.net',
      good,
      Buffer.concat([changeCipherSpec, evil]),
    ],
    [
      'the same in a segment of its own',
      443,
      'server-name tls evil.example.net',
      good,
      changeCipherSpec,
      evil,
    ],
    [
      'a second request for another host',
      80,
      'server-name http evil.example.net',
      http('/', 'Host: good.example.org'),
      http('/', 'Host: evil.example.net'),
    ],
    [
      'a second request in the middle of a segment',
      80,
      'server-name http evil.example.net',
      http('/', 'Host: good.example.org'),
      `rest of a body\r\n${http('/', 'Host: evil.example.net')}`,
    ],
    [
      'an upgrade to HTTP/2 without TLS',
      80,
      'http-host http',
      http('/', 'Host: good.example.org', 'Upgrade: h2c'),
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    ],
    [
      'the same behind an empty line',
      80,
      'server-name http evil.example.net',
      http('/', 'Host: good.example.org'),
      `\r\n${http('/', 'Host: evil.example.net')}`,
    ],
  ] as const)('%s ends the connection', async ([, port, reason, ...segments]) => {
    const { outcome, told, arrived } = await rig.send(scope, SHARED, port, ...segments)
    expect({ outcome, told, arrived: arrived.join('') }).toEqual({
      outcome: 'ECONNABORTED',
      told: [`blocked ${reason}`],
      arrived: hex(...segments.slice(0, -1)).replaceAll(',', ''),
    })
  })
})

describe('in audit mode', () => {
  let scope: string
  let enforcer: Enforcer
  beforeAll(() => {
    ;({ enforcer, scope } = enforce('audit'))
  })
  afterAll(() => enforcer.close())

  test.for([
    ['another name', ALONE, 443, 'server-name tls evil.example.net', evil],
    ['no SNI', SHARED, 443, 'no-server-name tls', none],
    ['another protocol', SHARED, 22, 'not-tls other', 'SSH-2.0-test\r\n'],
    [
      'another host',
      SHARED,
      80,
      'server-name http evil.example.net',
      http('/', 'Host: evil.example.net'),
    ],
  ] as const)('%s passes and is told', async ([, address, port, reason, segment]) => {
    expect(await rig.send(scope, address, port, segment)).toEqual({
      outcome: 'ok',
      told: [`would-block ${reason}`],
      arrived: [hex(segment)],
    })
  })
})
