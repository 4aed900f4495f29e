import { expect, test } from 'vitest'
import { parsePolicy } from '../src/document.ts'
import { compile, parseBlockList, readRecorded, simulate } from '../src/index.ts'
import type { RecordedConnect } from '../src/index.ts'

const connect = (over: Partial<RecordedConnect>): RecordedConnect => ({
  kind: 'net.connect',
  host: null,
  address: '192.0.2.1',
  port: 443,
  protocol: 'tcp',
  verdict: 'would-block',
  rule: null,
  count: 1,
  ...over,
})

test('a recorded run is decided again: what a policy would have refused comes first', () => {
  const policy = parsePolicy('egress: block\nallow: [registry.example.org]\n', 'new.yml')
  const blockList = parseBlockList(
    '{"domains": [{"value": "evil.example", "reason": "campaign A"}]}',
    'block.json',
  )
  const events = [
    { kind: 'process.exec', pid: 1 },
    connect({ host: 'registry.example.org', count: 2 }),
    connect({ host: 'registry.example.org' }),
    connect({
      host: 'registry.example.org',
      port: 80,
      verdict: 'allowed',
      rule: 'old.yml:1 registry.example.org:80',
    }),
    connect({
      host: 'evil.example',
      verdict: 'allowed',
      rule: 'old.yml:2 evil.example:443',
      count: 4,
    }),
    connect({ address: '192.0.2.53', port: 53, protocol: 'udp', verdict: 'allowed' }),
    connect({ address: '192.0.2.54', port: 53, protocol: 'udp' }),
    connect({ address: '127.0.0.1', port: 8080, verdict: 'allowed' }),
    connect({ address: '', port: 0, protocol: 'raw', verdict: 'blocked' }),
    { kind: 'dns.query' as const, name: 'Registry.example.org', verdict: 'would-block' },
    { kind: 'dns.query' as const, name: 'registry.example.org', verdict: 'would-block' },
    { kind: 'dns.query' as const, name: 'other.example', verdict: 'allowed' },
  ]
  const { destinations, names, ...counts } = simulate(compile(policy, blockList), events)
  expect(
    destinations.map(
      (one) =>
        `${one.host ?? one.address}:${one.port}/${one.protocol} ${one.was} -> ${one.now} x${one.count}: ${one.reason}`,
    ),
  ).toEqual([
    'evil.example:443/tcp allowed -> attack-blocked x4: on the block list: campaign A',
    'registry.example.org:80/tcp allowed -> blocked x1: not in the policy',
    '192.0.2.54:53/udp would-block -> blocked x1: not in the policy',
    ':0/raw blocked -> blocked x1: only TCP and UDP can be allowed, this is raw',
    'registry.example.org:443/tcp would-block -> allowed x3: allowed by new.yml:2 registry.example.org:443',
    '192.0.2.53:53/udp allowed -> allowed x1: resolver of the machine',
    '127.0.0.1:8080/tcp allowed -> allowed x1: loopback',
  ])
  expect(names.map((one) => `${one.name} ${one.was} -> ${one.now} x${one.count}`)).toEqual([
    'other.example allowed -> blocked x1',
    'Registry.example.org would-block -> allowed x2',
  ])
  const unasked = ['registry.example.org:443']
  expect(counts).toEqual({ events: 15, refused: 8, requests: [], unread: [], unasked })
})

const request = (method: string, path: string, host = 'api.example.org') => ({
  kind: 'http.request' as const,
  scheme: 'https',
  method,
  host,
  path,
  verdict: 'allowed',
})

test('requests are decided by the HTTPS rules of their hosts', () => {
  const policy = parsePolicy(
    'egress: block\nallow:\n  - https: api.example.org\n    methods: [GET]\n    paths: ["/a/**"]\n',
    'new.yml',
  )
  const { requests, refused, unread } = simulate(compile(policy), [
    connect({ host: 'api.example.org', verdict: 'allowed' }),
    request('GET', '/a/1'),
    request('POST', '/a/1'),
    request('POST', '/a/1'),
    request('GET', '/b'),
    request('GET', '/b', 'other.example.org'),
  ])
  expect(requests.map((one) => `${one.now} ${one.method} ${one.path} ${one.count}`)).toEqual([
    'blocked POST /a/1 2',
    'blocked GET /b 1',
    'allowed GET /a/1 1',
  ])
  expect(refused).toBe(3)
  expect(unread).toEqual([])
})

test('a host with HTTPS rules of which no request was read is named: nobody knows what they would do', () => {
  const policy = parsePolicy('allow: [{ https: api.example.org }]\n', 'new.yml')
  const to = connect({ host: 'api.example.org', verdict: 'allowed' })
  expect(simulate(compile(policy), [to]).unread).toEqual(['api.example.org'])
  const two = parsePolicy(
    'allow: [{ https: api.example.org }, { https: "api.example.org:8443" }]\n',
    'new.yml',
  )
  const other = connect({ host: 'api.example.org', port: 8443, verdict: 'allowed' })
  const { unread } = simulate(compile(two), [to, other, request('GET', '/')])
  expect(unread).toEqual(['api.example.org:8443'])
})

const recorded = { ...connect({ address: '203.0.113.9' }), verdict: 'allowed' }

test.each([
  ['no object', null],
  ['no kind', { ...recorded, kind: 7 }],
  ['an address that is none', { ...recorded, address: 'x' }],
  ['a port that is text', { ...recorded, port: '443' }],
  ['a count that would take attempts away', { ...recorded, count: -5 }],
  ['a protocol that acts on a terminal', { ...recorded, address: '', protocol: '\u001B[2J' }],
  ['a question without a name', { kind: 'dns.query', verdict: 'allowed' }],
])('a line of a record is no event: %s', (_, line) => {
  expect(() => readRecorded(JSON.stringify(line))).toThrow(SyntaxError)
})

test('a line of a record is read as it was written, and other kinds are left out', () => {
  expect(readRecorded(JSON.stringify(recorded))).toMatchObject(recorded)
  expect(readRecorded('{"kind":"process.exit"}')).toBeUndefined()
})
