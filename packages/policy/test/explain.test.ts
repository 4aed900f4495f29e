import { describe, expect, test } from 'vitest'
import { parsePolicy } from '../src/document.ts'
import {
  explain,
  formatExplanation,
  parseBlockList,
  parseEndpoint,
  PolicyError,
} from '../src/index.ts'
import { messageOf } from './random.ts'

const text = `version: 1
egress: block
allow:
  - registry.example.org
  - "*.docker.io:443"
  - udp://time.example.org:123
  - 203.0.113.0/24:8000-8100
  - endpoint: deploy.example.org
    steps: [deploy]
  - https: upload.example.org
    methods: [GET]
  - { https: "upload.example.org:8443", paths: [/x], unseen: allow }
presets: [github-actions]
`
const blockList = parseBlockList(
  '{"domains": [{"value": "evil.example", "reason": "campaign A"}]}',
  'block.json',
)

describe('explaining an endpoint', () => {
  test.each([
    [
      'localhost:8080',
      `localhost:8080: blocked
  not in the policy
  what /etc/hosts says of a name is not asked of any server: where it leads to a loopback address, it is allowed
  to allow it: localhost:8080
`,
    ],
    [
      'registry.example.org',
      `registry.example.org:443: allowed
  allowed by policy.yml:4 registry.example.org:443
  where it leads to a private address (or another that is not the open internet's), that address needs a line, too: port 443
`,
    ],
    [
      'registry.example.org:80',
      `registry.example.org:80: blocked
  not in the policy
  policy.yml:4 registry.example.org:443: same host, but another port than 80
  to allow it: registry.example.org:80
`,
    ],
    [
      'docker.io',
      `docker.io:443: blocked
  not in the policy
  policy.yml:5 *.docker.io:443: fits names under it, not the bare name itself
  to allow it: docker.io
`,
    ],
    [
      'time.example.org:123',
      `time.example.org:123: blocked
  not in the policy
  policy.yml:6 udp://time.example.org:123: same host, but over UDP, not TCP
  to allow it: time.example.org:123
`,
    ],
    [
      'cdn.registry.example.org',
      `cdn.registry.example.org:443: blocked
  not in the policy
  policy.yml:4 registry.example.org:443: is that one name only; names under it need "*.registry.example.org"
  to allow it: cdn.registry.example.org
`,
    ],
    [
      'registry.exmaple.org',
      `registry.exmaple.org:443: blocked
  not in the policy
  policy.yml:4 registry.example.org:443: reads alike, but is another name
  to allow it: registry.exmaple.org
`,
    ],
    [
      '203.0.113.7:9000',
      `203.0.113.7:9000: blocked
  not in the policy
  policy.yml:7 203.0.113.0/24:8000-8100: same host, but another port than 9000
  an address that the policy does not name is allowed only while an allowed name leads to it
  to allow it: 203.0.113.7:9000
`,
    ],
    [
      'deploy.example.org',
      `deploy.example.org:443: blocked
  policy.yml:8 deploy.example.org:443 allows it to steps deploy only
  that line is for these only: ask for one of them with --step and --exe
`,
    ],
    [
      'upload.example.org:8443',
      `upload.example.org:8443: allowed
  allowed by policy.yml:12 upload.example.org:8443
  only requests that an HTTPS rule of the host allows, whatever other lines say: policy.yml:12 upload.example.org:8443 (/x)
  unseen: allow: TLS that cannot be read passes
  where it leads to a private address (or another that is not the open internet's), that address needs a line, too: port 8443
`,
    ],
    [
      'upload.example.org',
      `upload.example.org:443: allowed
  allowed by policy.yml:10 upload.example.org:443
  only requests that an HTTPS rule of the host allows, whatever other lines say: policy.yml:10 upload.example.org:443 (GET)
  where it leads to a private address (or another that is not the open internet's), that address needs a line, too: port 443
`,
    ],
    [
      'api.github.com',
      `api.github.com:443: allowed
  allowed by policy.yml:13 api.github.com:443 (preset github-actions)
  where it leads to a private address (or another that is not the open internet's), that address needs a line, too: port 443
`,
    ],
    [
      'evil.example:80',
      `evil.example:80: attack-blocked
  on the block list: campaign A
  block.json evil.example
`,
    ],
    ['[::1]:80', '[::1]:80: allowed\n  loopback\n'],
    ['0.0.0.0:80', '0.0.0.0:80: allowed\n  loopback\n'],
    [
      'udp://192.0.2.7:53',
      `udp://192.0.2.7:53: blocked
  not in the policy
  an address that the policy does not name is allowed only while an allowed name leads to it
  nothing reaches that server, and yet what is sent there does not fail: port 53 is led to the DNS proxy, which answers in its place as the policy says of each name
  to allow it: udp://192.0.2.7:53
`,
    ],
  ])('%s', (endpoint, explanation) => {
    const policy = parsePolicy(text, 'policy.yml')
    expect(formatExplanation(explain(policy, parseEndpoint(endpoint), blockList))).toBe(explanation)
  })

  test('in audit mode it passes, and that is said', () => {
    const policy = parsePolicy(text.replace('egress: block', 'egress: audit'), 'policy.yml')
    const explanation = explain(policy, parseEndpoint('other.example'))
    expect(formatExplanation(explanation)).toBe(`other.example:443: would-block
  not in the policy
  egress is audit: it passes and is reported; egress: block would stop it
  to allow it: other.example
`)
  })

  test('two lines that allow the same are both told', () => {
    const policy = parsePolicy('egress: block\nallow: [a.example.org, "*.example.org"]\n', 'p.yml')
    expect(formatExplanation(explain(policy, parseEndpoint('a.example.org'))))
      .toBe(`a.example.org:443: allowed
  allowed by p.yml:2 a.example.org:443
  p.yml:2 *.example.org:443: allows it too
  where it leads to a private address (or another that is not the open internet's), that address needs a line, too: port 443
`)
  })

  test.each(['*.example.org', '203.0.113.0/24', 'example.org:1-2'])(
    '%s is no single destination',
    (endpoint) => {
      const policy = parsePolicy(text, 'policy.yml')
      expect(messageOf(() => explain(policy, parseEndpoint(endpoint)), PolicyError)).toBe(
        `endpoint:1:1: "${endpoint}": names more than one destination: ask about one name or address and one port`,
      )
    },
  )
})

test('a line that holds connections to no name is told', () => {
  const policy = parsePolicy('allow:\n  - endpoint: a.example.org\n    names: unchecked\n', 'p.yml')
  expect(formatExplanation(explain(policy, parseEndpoint('a.example.org'))))
    .toBe(`a.example.org:443: allowed
  allowed by p.yml:2 a.example.org:443
  names: unchecked: its connections may ask for any name
  where it leads to a private address (or another that is not the open internet's), that address needs a line, too: port 443
`)
})
