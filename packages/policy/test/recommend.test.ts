import { expect, test } from 'vitest'
import { parsePolicy } from '../src/document.ts'
import {
  compile,
  decide,
  fullLines,
  notAllowedThere,
  recommend,
  uncheckedHint,
} from '../src/index.ts'
import type { RecommendDestination } from '../src/index.ts'
import { random } from './random.ts'

const to = (over: Partial<RecommendDestination>, ...exes: string[]): RecommendDestination => ({
  host: null,
  address: '192.0.2.1',
  port: 443,
  protocol: 'tcp',
  verdict: 'would-block',
  rule: null,
  processes: exes.map((exe) => ({ exe })),
  ...over,
})

test('the recommended policy is the smallest that the run needed', () => {
  const policy = recommend([
    to({ host: 'registry.example.org' }, '/usr/bin/node', '/usr/bin/git'),
    to({ host: 'registry.example.org', address: '2001:db8::1' }, '/usr/bin/node'),
    to({ host: 'registry.example.org', port: 8080 }, '/usr/bin/node'),
    to(
      { host: 'api.example.org', verdict: 'allowed', rule: 'p:1' },
      ...['a', 'b', 'c', 'd', 'e'].map((name) => `/bin/${name}`),
    ),
    to({ host: 'time.example.org', port: 123, protocol: 'udp' }),
    to({ address: '203.0.113.5', port: 8002 }, '/usr/bin/curl'),
    to({ address: '203.0.113.5', port: 8000 }, '/usr/bin/curl'),
    to({ address: '203.0.113.5', port: 8001 }, '/usr/bin/wget'),
    to({ address: '203.0.113.5', port: 8004 }),
    to({ address: '2001:db8::9' }),
    to({ address: '::ffff:203.0.113.9' }),
    to({ host: 'cache', port: 6379 }),
    to({ address: '127.0.0.1', port: 3000 }),
    to({ address: '::1', port: 3000 }),
    to({ address: '192.0.2.53', port: 53, protocol: 'udp', verdict: 'allowed' }),
    to({ host: 'tracker.example', verdict: 'blocked' }, '/usr/bin/python3'),
    to({ host: 'evil.example', verdict: 'attack-blocked' }, '/usr/bin/python3'),
    to({ address: '192.0.2.9', port: 0, protocol: 'icmp' }),
  ])
  expect(policy).toBe(`version: 1
egress: block
allow:
  - api.example.org # a, b, c and 2 more
  - "cache:6379"
  - registry.example.org # git, node
  - registry.example.org:8080 # node
  - udp://time.example.org:123
  - 203.0.113.5:8000-8002 # curl, wget
  - 203.0.113.5:8004
  - 203.0.113.9
  - "[2001:db8::9]"
  # Blocked in this run. Remove the "#" of those that the job should reach.
  # - tracker.example # python3
# cannot be allowed: 192.0.2.9 port 0 over icmp
# never allowed: evil.example port 443 over tcp is on the block list
`)
  expect(parsePolicy(policy, 'p').rules).toHaveLength(9)
})

test('what was blocked can be uncommented', () => {
  const policy = recommend([to({ host: 'tracker.example', verdict: 'blocked' })])
  expect(parsePolicy(policy, 'p').rules).toHaveLength(0)
  expect(parsePolicy(policy.replace('# - ', '- '), 'p').rules).toHaveLength(1)
})

test('what was only looked up can be uncommented, and is said once', () => {
  const name = { address: '', onlyAsked: true }
  const policy = recommend([
    to({ ...name, host: 'kerberos.example.org' }, '/usr/bin/dig'),
    to({ ...name, host: 'registry.example.org' }),
    to({ ...name, host: 'tracker.example', verdict: 'blocked' }),
    to({ host: 'registry.example.org' }),
  ])
  expect(policy).toBe(`version: 1
egress: block
allow:
  - registry.example.org
  # Blocked in this run. Remove the "#" of those that the job should reach.
  # - tracker.example
  # Only looked up in this run. Remove the "#" of those that the job needs.
  # - kerberos.example.org # dig
`)
  expect(parsePolicy(policy, 'p').rules).toHaveLength(1)
  expect(parsePolicy(policy.replaceAll('# - ', '- '), 'p').rules).toHaveLength(3)
})

test('a run that needed nothing is recommended an empty allow-list', () => {
  expect(recommend([])).toBe('version: 1\negress: block\nallow: []\n')
})

test('hostile names and programs become neither rules nor lines', () => {
  const policy = recommend([
    to({ host: '*' }, '/tmp/a\n  - evil.example'),
    to({ host: '*.example', address: '' }),
    to({ host: 'a.example\n  - evil.example', address: '' }, '/tmp/\u2028x'),
    to({ host: '192.0.2.200', address: '192.0.2.2' }, '/tmp/#\u0085x'),
    to({ host: '0x7f.1', address: '192.0.2.3' }),
  ])
  expect(policy).toBe(String.raw`version: 1
egress: block
allow:
  - 192.0.2.1 # a\u000a  - evil.example
  - 192.0.2.2 # #\u0085x
  - 192.0.2.3
# cannot be allowed: *.example port 443 over tcp
# cannot be allowed: a.example\u000a  - evil.example port 443 over tcp
`)
})

test('any recommended policy parses and allows what the run needed, and nothing else (2,000 random runs)', () => {
  const { below, many, pick } = random(11)
  const strange = () =>
    many(0, 6, () =>
      pick([
        'a',
        '-',
        '.',
        '*',
        ':',
        '[',
        '#',
        '"',
        "'",
        '\n',
        '\t',
        ' ',
        '\u2028',
        'é',
        '{',
        '&',
        '!',
        '%',
        '\u0000',
        '/',
        '@',
        '\\',
      ]),
    ).join('')
  const host = () =>
    pick([
      () => null,
      () => `${pick(['a', 'b', 'no', 'true', '1e3', 'x_y', '_s'])}.example`,
      () => pick(['true', 'null', 'cache', '~', '12']),
      strange,
    ])()
  const address = () =>
    pick([
      '192.0.2.1',
      '192.0.2.2',
      '198.51.100.9',
      '10.1.2.3',
      'fd00::1',
      '2001:db8::1',
      '::ffff:192.0.2.1',
      '127.0.0.1',
      '',
      '::',
    ])
  for (let run = 0; run < 2000; run++) {
    const destinations = many(0, 6, () =>
      to(
        {
          host: host(),
          address: address(),
          port: pick([443, 80, 81, 82, 0, 65535, below(65536)]),
          protocol: pick(['tcp', 'udp', 'icmp']),
          verdict: pick(['allowed', 'blocked', 'would-block', 'attack-blocked']),
          rule: 'x',
        },
        strange(),
      ),
    )
    const text = recommend(destinations)
    const compiled = compile(parsePolicy(text, 'p'))
    const reachable = destinations.filter(
      (one) => one.verdict !== 'blocked' && one.verdict !== 'attack-blocked',
    )
    for (const one of destinations) {
      if (
        one.port === 0 ||
        one.protocol === 'icmp' ||
        one.address === '' ||
        !reachable.includes(one)
      )
        continue
      expect(decide(compiled, one).verdict, `${JSON.stringify(one)}\n${text}`).toBe('allowed')
    }
    const needed = new Set(reachable.map(({ port, protocol }) => `${port} ${protocol}`))
    for (const grant of [...compiled.names, ...compiled.addresses]) {
      for (let port = grant.portFrom; port <= grant.portTo; port++)
        expect(needed).toContain(`${port} ${grant.protocol}`)
    }
  }
})

/** The recommended policy, after its comments were seen to be lines of one. */
function lines(...destinations: RecommendDestination[]): string {
  const text = recommend(destinations)
  expect(parsePolicy(text.replaceAll('# - ', '- '), 'p').rules.length).toBeGreaterThan(0)
  return text
}

test('what was refused for the name that it asked for is offered with names: unchecked', () => {
  const reason = `neither TLS nor HTTP ${uncheckedHint}`
  const database = { host: 'db.example.org', port: 5432, address: '192.0.2.7' }
  expect(
    lines(
      to({ ...database, verdict: 'allowed' }),
      to({ ...database, verdict: 'blocked', reason }),
      to({ host: null, address: '192.0.2.8', verdict: 'blocked', reason }),
    ),
  ).toBe(`version: 1
egress: block
allow:
  - db.example.org:5432
  # Blocked in this run. Remove the "#" of those that the job should reach.
  # - { endpoint: db.example.org:5432, names: unchecked }
  # - 192.0.2.8
`)
  expect(lines(to({ ...database, verdict: 'would-block', reason }))).toBe(`version: 1
egress: block
allow:
  - { endpoint: db.example.org:5432, names: unchecked }
`)
})

test('a name that leads to a private address gets both lines, and what was refused for another name none for that name', () => {
  const narrowed = (endpoint: string, address: string): RecommendDestination =>
    to({ host: 'n.example.org', address, verdict: 'allowed', rule: `own.yml ${endpoint}` })
  const own = ['n.example.org:443', '10.0.0.3:443'].map((endpoint) => ({
    rule: `own.yml ${endpoint}`,
    endpoint,
    entry: `{ endpoint: "${endpoint}", exe: [/usr/bin/curl] }`,
  }))
  const said = `SNI x.example.org${notAllowedThere('proxy.example.org')}`
  const text = recommend(
    [
      to({ host: 'both.example.org', address: '192.0.2.1' }),
      to({ host: 'both.example.org', address: '10.0.0.1' }),
      narrowed('n.example.org:443', '10.0.0.2'),
      // The line of the address is narrowed itself.
      narrowed('10.0.0.3:443', '10.0.0.3'),
      to({ host: 'refused.example.org', address: 'fd00::4', verdict: 'blocked' }),
      to({ host: 'x.example.org', address: '192.0.2.5', verdict: 'blocked', reason: said }),
    ],
    { lines: own },
  )
  expect(text).toBe(`version: 1
egress: block
allow:
  - both.example.org
  - 10.0.0.1
  - 10.0.0.2
  - { endpoint: "n.example.org:443", exe: [/usr/bin/curl] }
  - { endpoint: "10.0.0.3:443", exe: [/usr/bin/curl] }
  # Blocked in this run. Remove the "#" of those that the job should reach.
  # - { endpoint: proxy.example.org, names: unchecked }
  # - refused.example.org
  # - "[fd00::4]"
`)
})

test('what a line with steps, programs, names or requests allowed keeps that line', () => {
  const own = parsePolicy(
    `egress: block
allow:
  - { endpoint: a.example.org, exe: [/usr/bin/curl] }
  - { endpoint: "b.example.org:8443", names: unchecked }
  - { https: c.example.org, methods: [GET], paths: ["/a/**"] }
  - { https: c.example.org, methods: [POST], paths: ["/b/**"] }
  - { endpoint: unused.example.org, steps: [x] }
  - d.example.org
`,
    'own.yml',
  )
  const compiled = compile(own)
  const allowed = (host: string, port = 443): RecommendDestination => {
    const rule = decide(compiled, {
      host,
      address: '192.0.2.1',
      port,
      protocol: 'tcp',
      exe: '/usr/bin/curl',
    }).rule
    expect(rule).not.toBe(null)
    return to({ host, port, verdict: 'allowed', rule }, '/usr/bin/curl')
  }
  const request = { host: 'c.example.org', processes: [{ exe: '/usr/bin/curl' }] }
  const text = recommend(
    [
      allowed('a.example.org'),
      allowed('b.example.org', 8443),
      allowed('c.example.org'),
      allowed('d.example.org'),
      to({ host: 'a.example.org', verdict: 'blocked' }, '/usr/bin/wget'),
    ],
    {
      lines: fullLines(compiled),
      requests: [
        { ...request, method: 'GET', path: '/a/x', verdict: 'allowed' },
        { ...request, method: 'DELETE', path: '/a/x', verdict: 'blocked' },
        { ...request, method: 'PURGE', path: '/a/x', verdict: 'blocked' },
        { ...request, method: 'DELETE', path: '/a/*', verdict: 'blocked' },
        { ...request, method: 'DELETE', path: '/a/../b', verdict: 'blocked' },
      ],
    },
  )
  expect(text).toBe(`version: 1
egress: block
allow:
  - d.example.org # curl
  - { endpoint: "a.example.org:443", exe: ["/usr/bin/curl"] } # curl
  - { endpoint: "b.example.org:8443", names: unchecked } # curl
  - { https: "c.example.org:443", methods: ["GET"], paths: ["/a/**"] } # curl
  - { https: "c.example.org:443", methods: ["POST"], paths: ["/b/**"] } # curl
  # Blocked in this run. Remove the "#" of those that the job should reach.
  # - a.example.org # wget
  # - { https: "c.example.org", methods: ["DELETE"], paths: ["/a/x"] } # curl
  # - { https: "c.example.org", methods: ["PURGE"], paths: ["/a/x"] } # curl
# cannot be allowed by its path: DELETE c.example.org/a/*
# cannot be allowed by its path: DELETE c.example.org/a/../b
`)
  // Pasted back, it allows what the policy did, and no more.
  expect(parsePolicy(text, 'p').rules).toHaveLength(5)
})
