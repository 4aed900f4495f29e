import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EventOf } from '@runwarden/events'
import { describe, expect, test } from 'vitest'
import { Tunnels } from '../src/tunnels.ts'

const MINUTE = 60_000
type Query = EventOf<'dns.query'>
/** What is asked: `name` or `TYPE name`. */
type Trace = Iterable<string>

/** Bytes that are the same in every run and look like any. */
function bytes(count: number, about = 'data'): Buffer {
  const blocks = Array.from({ length: Math.ceil(count / 32) }, (_, i) =>
    createHash('sha256').update(`${about} ${i}`).digest(),
  )
  return Buffer.concat(blocks).subarray(0, count)
}

function base32(data: Buffer, alphabet = 'abcdefghijklmnopqrstuvwxyz234567'): string {
  let text = ''
  let held = 0
  let value = 0
  for (const byte of data) {
    value = ((value << 8) | byte) & 0xffff
    for (held += 8; held >= 5; held -= 5) text += alphabet[(value >> (held - 5)) & 31]
  }
  return held > 0 ? text + alphabet[(value << (5 - held)) & 31] : text
}

const labels = (text: string, size: number): string =>
  (text.match(new RegExp(`.{1,${size}}`, 'g')) ?? []).join('.')
function* chunks(data: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size)
}
const count = (many: number): number[] => Array.from({ length: many }, (_, i) => i)
const hash = (text: string, name = 'sha256'): string => createHash(name).update(text).digest('hex')
function uuid(about: string): string {
  const hex = hash(about)
  return [8, 12, 16, 20, 32].map((end, i) => hex.slice([0, 8, 12, 16, 20][i], end)).join('-')
}

/** The first query, from 1, that makes a tunnel of the trace, with its zone; null: none does. */
function found(trace: Trace, verdict: Query['verdict'] = 'allowed', perMinute = 600) {
  const tunnels = new Tunnels()
  let seq = 0
  for (const line of trace) {
    seq++
    const [type, name] = line.includes(' ') ? line.split(' ') : ['A', line]
    const time = (seq * MINUTE) / perMinute
    const tunnel = tunnels.see({ ...asked(seq, time, name ?? ''), type: type ?? 'A', verdict })
    if (tunnel) return { seq, ...tunnel }
  }
  return null
}

function asked(seq: number, time: number, name: string): Query {
  return {
    kind: 'dns.query',
    seq,
    time: 1.7e12 + time,
    scope: 's',
    execId: null,
    step: 'build',
    name,
    type: 'A',
    server: '192.0.2.53',
    serverPort: 53,
    protocol: 'udp',
    rcode: 'NOERROR',
    addresses: [],
    cnames: [],
    verdict: 'allowed',
    reason: '',
    rule: null,
  }
}

/** iodine: a user's digit and three characters of header, base32, labels of 57, as long as names can be; pings between. */
function* iodine(data: Buffer, zone: string, type: string): Generator<string> {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz012345'
  yield `${type} vaaaakat3wia.${zone}`
  yield `${type} laujdvjd2xsm3nqgpmtkfqxwrtjdcl4.${zone}`
  let header = 0
  for (const part of chunks(data, 130)) {
    header++
    const text = base32(Buffer.from([header & 0xff, header >> 8]), alphabet)
    yield `${type} 0${text.slice(0, 3)}${labels(base32(part, alphabet), 57)}.${zone}`
    if (header % 4 === 0) yield `${type} p${base32(bytes(5, `ping ${header}`), alphabet)}.${zone}`
  }
}

/** dnscat2: hexadecimal packets of session, sequence and acknowledgement, signed and encrypted, types in turn. */
function* dnscat(data: Buffer, zone: string, polls: number, types = ['TXT', 'CNAME', 'MX']) {
  let packet = 0
  const name = (payload: Buffer): string => {
    const head = Buffer.concat([bytes(2, `id ${packet}`), Buffer.from([1]), bytes(2, 'session')])
    const signed = bytes(8 + 4, `signature ${packet}`)
    const hex = Buffer.concat([head, signed, payload]).toString('hex')
    return `${types[packet++ % types.length]} ${labels(hex, 62)}.${zone}`
  }
  for (const part of chunks(data, 95)) yield name(part)
  for (let i = 0; i < polls; i++) yield name(Buffer.alloc(0))
}

const ZONE = 't.stranger.example'
const ZONES: Record<string, string> = {
  'reverse names of a block that is allowed': 'ip6.arpa',
  'names of one label, at a resolver of containers': '',
}
describe.each<[string, () => Trace, number]>([
  ['iodine, NULL', () => iodine(bytes(4000), ZONE, 'NULL'), 20],
  ['iodine, private type', () => iodine(bytes(4000), ZONE, 'TYPE65399'), 20],
  ['iodine, A by CNAME', () => iodine(bytes(4000), ZONE, 'A'), 20],
  ['dnscat2 that sends a file', () => dnscat(bytes(2000), ZONE, 0), 15],
  ['dnscat2 by A alone', () => dnscat(bytes(2000), ZONE, 0, ['A']), 15],
  ['dnscat2 that waits for commands', () => dnscat(Buffer.alloc(0), ZONE, 200), 110],
  [
    'a shell loop over base32, one label each',
    () => [...chunks(bytes(4000), 37)].map((part) => `${base32(part)}.${ZONE}`),
    110,
  ],
  [
    'a shell loop over hexadecimal, with its place first',
    () => [...chunks(bytes(4000), 30)].map((part, i) => `${i}.${part.toString('hex')}.${ZONE}`),
    101,
  ],
  [
    'names made of many labels of one character',
    () => [...chunks(bytes(4000), 70)].map((part) => `${labels(base32(part), 1)}.${ZONE}`),
    20,
  ],
  [
    'names made of words',
    () =>
      [...chunks(bytes(4000), 16)].map(
        (part) => `${[...part].map((byte) => WORDS[byte & 15]).join('-')}.x.${ZONE}`,
      ),
    20,
  ],
  [
    'reverse names of a block that is allowed',
    () =>
      [...chunks(bytes(40_000), 8)].map((part) => {
        const nibbles = `20010db800000001${part.toString('hex')}`
        return `PTR ${[...nibbles].toReversed().join('.')}.ip6.arpa`
      }),
    4900,
  ],
  [
    'names of one label, at a resolver of containers',
    () => [...chunks(bytes(5000), 39)].map((part) => base32(part)),
    110,
  ],
  ['short names, many of them', () => count(6000).map((i) => `${i.toString(36)}.${ZONE}`), 5000],
  [
    'one name, asked for two bytes of type each time',
    () => [...chunks(bytes(500), 2)].map((part) => `TYPE${part.readUInt16BE()} a.${ZONE}`),
    33,
  ],
  [
    '4,096 names in any order, twelve bits a query',
    () =>
      [
        ...count(4096),
        ...[...chunks(bytes(90_000), 2)].map((part) => part.readUInt16BE() & 4095),
      ].map((i) => `${i.toString(16)}.${ZONE}`),
    45_000,
  ],
  ['middling names, very many', () => count(4000).map((i) => `${uuid(`${i}`)}.${ZONE}`), 2000],
])('a tunnel: %s', (what, trace, queries) => {
  test(`is found within ${queries} queries, and its evidence is the last of them`, () => {
    const tunnel = found(trace(), 'allowed', 6000)
    expect(tunnel?.seq).toBeLessThanOrEqual(queries)
    expect(tunnel?.zone).toBe(ZONES[what] ?? 'stranger.example')
    expect(tunnel?.refused).toBe(false)
    expect(tunnel?.evidence.at(-1)).toBe(tunnel?.seq)
    expect(tunnel?.evidence.length).toBeLessThanOrEqual(16)
  })

  test('is found where it is refused, as what never left', () => {
    expect(found(trace(), 'blocked', 6000)).toMatchObject({ refused: true })
  })
})

const WORDS = [
  'river stone cloud maple amber onion table ocean piano tiger lemon house green water eagle movie',
].flatMap((line) => line.split(' '))
const ZONE_TYPES = [
  'A AAAA CAA CNAME DNAME DNSKEY DS HTTPS MX NAPTR NS NSEC NULL PTR RRSIG SOA SRV SVCB TLSA TXT ANY',
].flatMap((line) => line.split(' '))
/** A number below `below` that is the same in every run. */
const chosen = (about: string, below: number): number => bytes(4, about).readUInt32BE() % below
/** What several programs ask, one of them after the other by chance. */
function* atOnce(programs: string[][]): Generator<string> {
  const left = programs.map((program) => program.values())
  for (let turn = 0; left.length > 0; turn++) {
    const at = chosen(`turn ${turn}`, left.length)
    const next = left[at]!.next()
    if (next.done === true) left.splice(at, 1)
    else yield next.value
  }
}
const both = (name: string): string[] => [`A ${name}`, `AAAA ${name}`, `HTTPS ${name}`]
/** What glibc makes of a name that does not resolve, by the search list of a cluster. */
const searched = (name: string): string[] =>
  ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'corp.example'].flatMap(
    (suffix) => both(`${name}.${suffix}`),
  )

test.each<[string, Trace]>([
  [
    'an installer of packages: one registry and its mirror, asked for each of 5,000 packages',
    count(5000).flatMap(() => both('registry.packages.example').concat('A cdn.packages.example')),
  ],
  [
    'a distribution’s mirrors: 400 hosts by country and city',
    count(400).flatMap((i) => both(`ftp${i % 4}.${WORDS[i % 16]}${i}.archive.example`)),
  ],
  ['a CDN with 2,000 shards', count(2000).flatMap((i) => both(`img-${i}.cdn.example`))],
  [
    'a CDN with 1,000 hashed hosts',
    count(1000).flatMap((i) => both(`d${hash(`${i}`).slice(0, 13)}.cdn.example`)),
  ],
  [
    'blob storage: 500 accounts and 500 buckets with hashes in their names',
    count(500).flatMap((i) => [
      `productionresults${hash(`${i}`).slice(0, 10)}.blob.core.windows.net`,
      `build-cache-${hash(`b${i}`).slice(0, 32)}.s3.us-east-1.amazonaws.com`,
    ]),
  ],
  [
    'deployments for preview: 300 long names of branches',
    count(300).flatMap((i) =>
      both(
        `shop-git-feature-${WORDS[i % 16]}-${WORDS[(i * 7) % 16]}-${hash(`${i}`).slice(0, 9)}-acme-team.preview.example`,
      ),
    ),
  ],
  [
    'end-to-end tests with 1,000 tenants named by UUID',
    count(1000).flatMap((i) => both(`tenant-${uuid(`${i}`)}.app.example`)),
  ],
  [
    'content addresses: 90 of 59 characters',
    count(90).flatMap((i) => both(`bafybei${base32(bytes(32, `${i}`))}.ipfs.example`)),
  ],
  [
    'a certificate transparency log asked for 80 proofs',
    count(80).map((i) => `TXT ${base32(bytes(32, `leaf ${i}`))}.hash.log2026.ct.example`),
  ],
  [
    'certificate challenges for 300 hosts',
    count(300).flatMap((i) => [
      `TXT _acme-challenge.${WORDS[i % 16]}-${i}.example.org`,
      `CAA ${WORDS[i % 16]}-${i}.example.org`,
    ]),
  ],
  [
    'mail checks of 500 domains of a customer',
    count(500).flatMap((i) => [
      `MX ${WORDS[i % 16]}${i}.example.org`,
      `TXT _dmarc.${WORDS[i % 16]}${i}.example.org`,
      `TXT selector1._domainkey.${WORDS[i % 16]}${i}.example.org`,
    ]),
  ],
  [
    'a list of bad senders asked for 1,000 addresses',
    count(1000).map((i) => `TXT ${i % 256}.${i >> 8}.0.203.bl.example.org`),
  ],
  [
    'a cluster’s services, each in every search domain',
    count(60).flatMap((i) => searched(`${WORDS[i % 16]}-service-${i}`)),
  ],
  [
    'a name that fails, with a long search list, 1,000 times',
    count(1000).flatMap(() => searched('telemetry.vendor.example')),
  ],
  [
    'reverse names of 1,000 peers',
    count(1000).flatMap((i) => {
      const nibbles = `20010db80000000100000000${(i * 7919).toString(16).padStart(8, '0')}`
      return [
        `PTR ${[...nibbles].toReversed().join('.')}.ip6.arpa`,
        `PTR ${i % 256}.${i >> 8}.0.203.in-addr.arpa`,
      ]
    }),
  ],
  [
    'service names with hashes: load balancers, databases, functions',
    count(90).flatMap((i) => [
      `a${hash(`${i}`).slice(0, 31)}-${(i * 104_729) % 1e10}.us-east-1.elb.amazonaws.com`,
      `db-${i}.cluster-c${hash(`d${i}`).slice(0, 11)}.eu-west-1.rds.amazonaws.com`,
    ]),
  ],
  [
    'four programs at once that look the same 20 hosts up, 4,000 times each',
    [
      ...atOnce(
        count(4).map((program) =>
          count(4000).flatMap((i) => both(`svc-${chosen(`${program} ${i}`, 20)}.app.example`)),
        ),
      ),
    ],
  ],
  [
    '1,000 tenants, each asked for ten times, in any order',
    count(10_000).flatMap((i) => both(`tenant-${chosen(`${i}`, 1000)}.app.example`)),
  ],
  [
    'a cluster’s services, each in every search domain, 3,000 times in any order',
    count(3000).flatMap((i) => searched(`service-${chosen(`${i}`, 60)}`)),
  ],
  [
    'one name in a loop, 100,000 times',
    count(50_000).flatMap(() => ['A a.app.example', 'AAAA a.app.example']),
  ],
  [
    'reverse names of 500 peers in a log of 10,000 lines',
    count(10_000).map((i) => `PTR ${chosen(`${i}`, 250)}.${chosen(`b${i}`, 2)}.0.203.in-addr.arpa`),
  ],
  [
    'a zone that is checked for every type that there is a name for',
    count(5).flatMap(() => ZONE_TYPES.map((type) => `${type} example.org`)),
  ],
  ['names of this machine', count(6000).map((i) => `n${i}.localhost`)],
  ['containers of a network', count(200).flatMap((i) => both(`${WORDS[i % 16]}${i}`))],
])('no tunnel: %s', (_what, trace) => {
  expect(found(trace, 'allowed', 6000)).toBeNull()
  expect(found(trace, 'blocked', 6000)).toBeNull()
})

test.each([
  ['TXT', 'iodine-txt.txt'],
  ['A', 'iodine-a.txt'],
])(
  'iodine 0.7.0 by %s, as the proxy told its queries when it sent eight pings: found',
  (type, file) => {
    const lines = readFileSync(join(import.meta.dirname, 'traces', file), 'utf8')
      .trim()
      .split('\n')
    const told = lines.map((line) => line.split(' '))
    // Two queries of its beginning have bytes that no host name has, and were refused.
    const left = told.filter(([, , verdict]) => verdict === 'allowed')
    expect(left.length).toBeGreaterThan(40)
    const tunnel = found(left.map(([, name]) => `${type} ${name}`))
    expect(tunnel).toMatchObject({ zone: 'stranger.example', counts: { longNames: 10 } })
    expect(tunnel?.seq).toBeLessThanOrEqual(30)
  },
)

test('a day of little is no tunnel: what was asked an hour ago counts no more', () => {
  const day = count(24 * 8).map(
    (i) => `TXT ${labels(bytes(60, `${i}`).toString('hex'), 60)}.${ZONE}`,
  )
  expect(found(day, 'allowed', 8 / 60)).toBeNull()
  expect(found(day, 'allowed', 1)?.seq).toBe(10)
})

test('the order of names counts as much when they have been asked for hours', () => {
  const tunnels = new Tunnels()
  const ask = (seq: number, time: number, name: number) =>
    tunnels.see(asked(seq, time, `${name.toString(16)}.${ZONE}`))
  let seq = 0
  for (let half = 0; half < 5; half++)
    for (const name of count(4096)) expect(ask(++seq, half * 30 * MINUTE, name)).toBeNull()
  const order = [...chunks(bytes(90_000), 2)].map((part) => part.readUInt16BE() & 4095)
  expect(order.some((name) => ask(++seq, 140 * MINUTE, name) !== null)).toBe(true)
})

test('names with odd bytes count by their bytes', () => {
  const odd = [...chunks(bytes(3000), 60)].map((part) =>
    [...part].map((byte) => `\\${String(byte).padStart(3, '0')}`).join(''),
  )
  expect(found(odd.map((label) => `NULL ${label}.${label.slice(0, 200)}.${ZONE}`))?.zone).toBe(
    'stranger.example',
  )
})

function* flooded(queries: Iterable<string>): Generator<string> {
  let other = 0
  for (const query of queries) {
    yield query
    for (let k = 0; k < 900; k++) yield `n${other++}.test`
  }
}

test('a flood of zones does not hide a tunnel', () => {
  const trace = flooded(iodine(bytes(4000), ZONE, 'NULL'))
  expect(found(trace, 'allowed', 1e6)?.zone).toBe('stranger.example')
})
