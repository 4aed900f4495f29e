import { describe, expect, test } from 'vitest'
import { formatEndpoint, parseAllowedEndpoints, parseEndpoint, PolicyError } from '../src/index.ts'
import { messageOf } from './random.ts'

describe('an endpoint is read as', () => {
  test.each([
    ['registry.example.org', 'registry.example.org:443'],
    ['registry.example.org:8443', 'registry.example.org:8443'],
    ['tcp://registry.example.org', 'registry.example.org:443'],
    ['UDP://time.example.org:123', 'udp://time.example.org:123'],
    ['Registry.Example.ORG.', 'registry.example.org:443'],
    ['registry.example.org.:80', 'registry.example.org:80'],
    ['münchen.example', 'xn--mnchen-3ya.example:443'],
    ['*.münchen.example', '*.xn--mnchen-3ya.example:443'],
    ['xn--mnchen-3ya.example', 'xn--mnchen-3ya.example:443'],
    ['_sip._tcp.example.org:5060', '_sip._tcp.example.org:5060'],
    ['localhost:8080', 'localhost:8080'],
    ['*.docker.io:443', '*.docker.io:443'],
    ['cdn-*.example.org', 'cdn-*.example.org:443'],
    ['*.eu-*.example.org', '*.eu-*.example.org:443'],
    ['a.*.example.org', 'a.*.example.org:443'],
    ['example.org:8000-8100', 'example.org:8000-8100'],
    ['example.org:1-65535', 'example.org:1-65535'],
    ['192.0.2.7', '192.0.2.7:443'],
    ['192.0.2.7:53', '192.0.2.7:53'],
    ['192.0.2.7/32', '192.0.2.7:443'],
    ['203.0.113.0/24:8000-8100', '203.0.113.0/24:8000-8100'],
    ['0.0.0.0/0:443', '0.0.0.0/0:443'],
    ['udp://203.0.113.0/24:53', 'udp://203.0.113.0/24:53'],
    ['[2001:DB8:0:0::1]', '[2001:db8::1]:443'],
    ['[2001:db8::/32]:443', '[2001:db8::/32]:443'],
    ['[2001:db8::1]:8000-8001', '[2001:db8::1]:8000-8001'],
    ['udp://[2001:db8::1]:53', 'udp://[2001:db8::1]:53'],
    ['[::1]:80', '[::1]:80'],
    ['[2001:db8:1:0:0:1:0:0]:80', '[2001:db8:1::1:0:0]:80'],
    ['[64:ff9b::192.0.2.1]', '[64:ff9b::c000:201]:443'],
  ])('%s is %s', (text, canonical) => {
    const endpoint = parseEndpoint(text)
    expect(formatEndpoint(endpoint)).toBe(canonical)
    expect(endpoint.text).toBe(text)
    expect(formatEndpoint(parseEndpoint(canonical))).toBe(canonical)
  })

  test('bytes and bits of an address as the kernel keeps them', () => {
    expect(parseEndpoint('203.0.113.0/24:8000-8100').host).toEqual({
      kind: 'address',
      family: 4,
      address: Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 203, 0, 113, 0]),
      prefix: 120,
    })
    expect(parseEndpoint('[2001:db8::/32]').host).toEqual({
      kind: 'address',
      family: 6,
      address: Uint8Array.from([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
      prefix: 32,
    })
  })
})

const scheme = (name: string) =>
  `"${name}://" is no scheme of endpoints: only udp:// and tcp:// are, and a host needs none`
const notIPv4 = 'is no IPv4 address: four decimal numbers from 0 to 255, without leading zeros'
const port = 'a port is a number or a range such as 8000-8100'
const brackets = 'an IPv6 address is written in brackets'

describe('what is no endpoint is refused with the nearest one', () => {
  test.each([
    ['', 'is empty: an endpoint is host or host:port', null],
    ['https://github.com/', scheme('https'), 'github.com:443'],
    ['https://github.com/acme/repo.git', scheme('https'), 'github.com:443'],
    ['http://example.org', scheme('http'), 'example.org:80'],
    ['ssh://git@github.com/acme/x', scheme('ssh'), 'github.com:22'],
    ['ntp://time.example.org', scheme('ntp'), 'udp://time.example.org:123'],
    ['icmp://example.org', scheme('icmp'), 'example.org:443'],
    ['git@github.com:acme/x', 'an endpoint has no user name', 'github.com:22'],
    ['user:pw@example.org:8443', 'an endpoint has no user name', 'example.org:8443'],
    ['github.com/acme', 'an endpoint has no path', 'github.com:443'],
    ['github.com:8443/acme', 'an endpoint has no path', 'github.com:8443'],
    ['time.example.org:123/udp', 'an endpoint has no path', 'udp://time.example.org:123'],
    ['//github.com', 'an endpoint has no path', 'github.com:443'],
    ['example.org?x', 'an endpoint has no query or fragment', 'example.org:443'],
    ['example.org#x', 'an endpoint has no query or fragment', 'example.org:443'],
    ['udp:example.org:53', 'has more than one ":"', 'udp://example.org:53'],
    ['example.org:8000:8100', 'has more than one ":"', 'example.org:8000-8100'],
    ['example.org:', 'the port is missing after ":"', 'example.org:443'],
    ['example.org:0', 'a port is 1 to 65535, without leading zeros', 'example.org:443'],
    ['example.org:0080', 'a port is 1 to 65535, without leading zeros', 'example.org:80'],
    ['example.org:65536', 'a port is 1 to 65535', 'example.org:443'],
    [
      'example.org:8443,443',
      'takes one port or one range; write an endpoint for each',
      'example.org:8443',
    ],
    ['example.org:*', `${port}; all ports are 1-65535`, 'example.org:443'],
    ['example.org:http', port, 'example.org:80'],
    ['example.org:8100-8000', 'the range of ports runs backwards', 'example.org:8000-8100'],
    ['example.org:80-', port, 'example.org:80'],
    ['*', 'would allow every name; name a domain, or use "egress: audit"', null],
    ['*:443', 'would allow every name; name a domain, or use "egress: audit"', null],
    ['**.example.org', '"**" is no wildcard of host names', '*.example.org:443'],
    ['.example.org', 'has an empty label (two dots, or a dot in front)', '*.example.org:443'],
    ['example..org', 'has an empty label (two dots, or a dot in front)', 'example.org:443'],
    ['example.*', 'the last label cannot have a wildcard', null],
    ['github.c*', 'the last label cannot have a wildcard', null],
    ['exa mple.org', 'an endpoint has no blanks or control characters', null],
    ['example.org 8443', 'an endpoint has no blanks or control characters', 'example.org:8443'],
    ['exam$ple.org', 'a host name has no "$"', null],
    ['%65xample.org', 'a host name has no "%"', null],
    ['--egress', 'a label of a host name does not begin or end with "-"', null],
    [`${'a'.repeat(64)}.org`, 'a label of a host name has at most 63 characters', null],
    ['mün*.example.org', 'a "*" inside a label needs the rest of that label in ASCII', null],
    ['192.0.2.１', 'is an IPv4 address in other characters', null],
    ['192.0.2.1/33', 'the prefix length of an IPv4 block is 0 to 32', '192.0.2.1:443'],
    ['192.0.2.1/24', 'the address has bits set after its prefix length', '192.0.2.0/24:443'],
    ['192.0.2.256', notIPv4, null],
    ['192.0.2', notIPv4, null],
    ['010.0.0.1', notIPv4, '10.0.0.1:443'],
    ['0x7f.1', notIPv4, null],
    ['3221225985', notIPv4, null],
    ['2001:db8::1', brackets, '[2001:db8::1]:443'],
    ['2001:db8::/32', brackets, '[2001:db8::/32]:443'],
    ['[2001:db8::1', 'the bracket is not closed', '[2001:db8::1]:443'],
    ['[2001:db8::1]8443', 'after the bracket comes nothing or :port', '[2001:db8::1]:8443'],
    ['[2001:db8::]/32:443', 'after the bracket comes nothing or :port', '[2001:db8::/32]:443'],
    [
      '[2001:db8::1/32]:80',
      'the address has bits set after its prefix length',
      '[2001:db8::/32]:80',
    ],
    ['[2001:db8::/129]', 'the prefix length of an IPv6 block is 0 to 128', '[2001:db8::]:443'],
    ['[::ffff:192.0.2.1]:443', 'is an IPv4 address: write it as one', '192.0.2.1:443'],
    ...['::/0', '::/80', '::8000:0:0/81', '::fffc:0:0/94', '::fffe:0:0/95'].map(
      (block) =>
        [
          `[${block}]:443`,
          'covers ::ffff:0:0/96 too, which is all of IPv4: name IPv6 blocks outside of it',
          null,
        ] as const,
    ),
    ['[fe80::1%eth0]', 'is no IPv6 address', '[fe80::1]:443'],
    ['[example.org]:443', 'is no IPv6 address', 'example.org:443'],
    ['[1:2:3:4:5:6:7:8:9]', 'is no IPv6 address', null],
    ['"github.com"', 'a host name has no """', 'github.com:443'],
    ['github.com,', 'a host name has no ","', 'github.com:443'],
  ] as const)('%j: %s', (text, what, nearest) => {
    const shown = text === '' ? '' : ` "${text.replaceAll('"', String.raw`\"`)}":`
    const mean = nearest === null ? '' : `; did you mean ${nearest}?`
    expect(messageOf(() => parseEndpoint(text), PolicyError)).toBe(
      `endpoint:1:1:${shown} ${what}${mean}`,
    )
    if (nearest !== null) expect(formatEndpoint(parseEndpoint(nearest))).toBe(nearest)
  })

  test('control and direction characters of the text are escaped in the message', () => {
    expect(messageOf(() => parseEndpoint('a.example\u001b[2J'), PolicyError)).toBe(
      String.raw`endpoint:1:1: "a.example\u001b[2J": an endpoint has no blanks or control characters`,
    )
    expect(messageOf(() => parseEndpoint('a.example:\u202e344'), PolicyError)).toBe(
      String.raw`endpoint:1:1: "a.example:\u202e344": ${port}; did you mean a.example:443?`,
    )
  })
})

describe('the one-line form', () => {
  test('takes an allow-list of blanks, newlines and comments as it is', () => {
    const text = `
      # what checkout needs
      github.com:443 api.github.com  # and more
      *.actions.githubusercontent.com:443
\tudp://time.example.org:123\r
      [2001:db8::/32]:443 192.0.2.1 # end`
    const endpoints = parseAllowedEndpoints(text, 'allowed-endpoints')
    expect(
      endpoints.map((one) => `${one.where.line}:${one.where.column} ${formatEndpoint(one)}`),
    ).toEqual([
      '3:7 github.com:443',
      '3:22 api.github.com:443',
      '4:7 *.actions.githubusercontent.com:443',
      '5:2 udp://time.example.org:123',
      '6:7 [2001:db8::/32]:443',
      '6:27 192.0.2.1:443',
    ])
  })

  // YAML's ">" has made one line of the lines.
  test.each([
    ['# npm registry.example.org:443 github.com:443', 'registry.example.org:443'],
    ['# npm registry.example.org github.com', 'registry.example.org'],
    ['github.com:443 # the forge registry.example.org:443', 'registry.example.org:443'],
    ['# npm registry.example.org:443\n# the forge github.com:443', 'registry.example.org:443'],
    ['#old.example.org:443 github.com:443', 'github.com:443'],
  ])('does not lose what a comment has swallowed: %j', (text, swallowed) => {
    expect(() => parseAllowedEndpoints(text, 'allowed-endpoints')).toThrow(
      expect.objectContaining({ text: swallowed, line: 1 }),
    )
  })

  test.each([
    'github.com:443 # api.github.com:443\n# see docs.example.org for why',
    '#old.example.org:443 # other.example.org:443',
    'github.com:443 # the forge, at 12:30 e.g.',
  ])('takes as a comment what is one: %j', (text) => {
    expect(() => parseAllowedEndpoints(text, 'allowed-endpoints')).not.toThrow()
  })

  test('is empty when there is nothing but blanks and comments', () => {
    expect(parseAllowedEndpoints(' \n # github.com\n', '--allow')).toEqual([])
  })

  test('tells every endpoint that is none, with its place', () => {
    const text = 'github.com https://example.org/\n- api.github.com\nexample.org:99999'
    expect(
      messageOf(
        () => parseAllowedEndpoints(text, { file: '--allow', line: 3, column: 5 }),
        PolicyError,
      ),
    ).toBe(
      [
        `--allow:3:16: "https://example.org/": ${scheme('https')}; did you mean example.org:443?`,
        '--allow:4:1: "-": a label of a host name does not begin or end with "-"',
        '--allow:5:1: "example.org:99999": a port is 1 to 65535; did you mean example.org:443?',
      ].join('\n'),
    )
  })
})
