import { clientHello, ech, handshake, largeShare, record, serverName } from './client-hello.ts'
import {
  ALONE,
  BOTH,
  BY_ADDRESS,
  FREE,
  NARROW,
  SHARED,
  SHARED6,
  testFirstBytes,
} from './first-bytes.ts'

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

testFirstBytes({
  passing: [
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
    ['no SNI where there is one name', ALONE, 443, none],
    ['another protocol where there is one name', ALONE, 22, 'SSH-2.0-test\r\n'],
    ['no SNI where all names are allowed', BOTH, 443, none],
    ['another protocol where all names are allowed', BOTH, 22, 'SSH-2.0-test\r\n'],
    ['no SNI on a port that all names are allowed for', NARROW, 443, none],
    ['a binary protocol where there is one name', ALONE, 22, 'AMQP\0\0\x09\x01'],
    ['a command where there is one name', ALONE, 22, 'EHLO me\r\n', 'QUIT\r\n'],
    ['any name at an address of the policy', BY_ADDRESS, 443, evil],
    ['any protocol at an address of the policy', BY_ADDRESS, 22, 'SSH-2.0-test\r\n'],
    ['any name where a line wants no look', FREE, 443, evil],
  ],
  refused: [
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
    ['an alert first', ALONE, 443, 'malformed-hello tls', Buffer.concat([alert, good])],
    ['the hello of SSL 2', ALONE, 443, 'malformed-hello tls', Buffer.from('802e0103010015', 'hex')],
    [
      'two hellos at once',
      ALONE,
      443,
      'malformed-hello tls good.example.org',
      Buffer.concat([good, evil]),
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
  ],
  later: [
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
  ],
  audited: [
    ['another name', ALONE, 443, 'server-name tls evil.example.net', evil],
    ['no SNI', SHARED, 443, 'no-server-name tls', none],
    ['another protocol', SHARED, 22, 'not-tls other', 'SSH-2.0-test\r\n'],
  ],
})
