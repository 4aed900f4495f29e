import { describe, expect, test } from 'vitest'
import { parsePolicy } from '../src/document.ts'
import { formatEndpoint, PolicyError } from '../src/index.ts'
import { messageOf } from './random.ts'

const full = `version: 1
egress: block                      # audit | block
fail-mode: open                    # closed | open
allow:
  - registry.example.org           # port 443, TCP
  - "*.docker.io:443"
  - udp://time.example.org:123
  - 203.0.113.0/24:8000-8100
  - "[2001:db8::/32]:443"
  - endpoint: github.com
    steps: [checkout]
    exe: [/usr/bin/git, "**/git-remote-https"]
  - https: api.github.com
    methods: [GET]
    paths: ["/repos/acme/**"]
presets: [github-ssh]
disable-sudo: true
disable-sudo-and-containers: false
disable-file-monitoring: false
lockdown: [runner-worker-memory-read, reverse-shell, privileged-container]
`

const refusal = (text: string) => messageOf(() => parsePolicy(text, 'policy.yml'), PolicyError)

test('every key of a policy is read', () => {
  const policy = parsePolicy(full, 'policy.yml')
  const rules = policy.rules.map((rule) => {
    const narrowed =
      rule.kind === 'https'
        ? { methods: rule.methods, paths: rule.paths }
        : { steps: rule.steps, exe: rule.exe, preset: rule.preset }
    const empty = Object.values(narrowed).every((value) => value === null || value.length === 0)
    return [
      `${rule.where.line}:${rule.where.column} ${rule.kind} ${formatEndpoint(rule.endpoint)}`,
      ...(empty ? [] : [narrowed]),
    ]
  })
  expect(rules).toEqual([
    ['5:5 endpoint registry.example.org:443'],
    ['6:5 endpoint *.docker.io:443'],
    ['7:5 endpoint udp://time.example.org:123'],
    ['8:5 endpoint 203.0.113.0/24:8000-8100'],
    ['9:5 endpoint [2001:db8::/32]:443'],
    [
      '10:5 endpoint github.com:443',
      { steps: ['checkout'], exe: ['/usr/bin/git', '**/git-remote-https'], preset: null },
    ],
    ['13:5 https api.github.com:443', { methods: ['GET'], paths: ['/repos/acme/**'] }],
    ['16:11 endpoint github.com:22', { steps: [], exe: [], preset: 'github-ssh' }],
    ['16:11 endpoint ssh.github.com:443', { steps: [], exe: [], preset: 'github-ssh' }],
  ])
  expect({
    ...policy,
    rules: [],
    lockdown: policy.lockdown.map((entry) => entry.detection),
  }).toEqual({
    version: 1,
    file: 'policy.yml',
    egress: 'block',
    failMode: 'open',
    rules: [],
    disableSudo: { on: true, where: { file: 'policy.yml', line: 17, column: 1 } },
    disableSudoAndContainers: { on: false, where: { file: 'policy.yml', line: 18, column: 1 } },
    disableFileMonitoring: { on: false, where: { file: 'policy.yml', line: 19, column: 1 } },
    lockdown: ['runner-worker-memory-read', 'reverse-shell', 'privileged-container'],
  })
})

test('names: unchecked is for TCP to host names', () => {
  const text = `allow:
  - endpoint: legacy.example.org:8443
    names: unchecked
  - names: checked
    endpoint: "*.example.org"
`
  const { rules } = parsePolicy(`version: 1\n${text}`, 'policy.yml')
  expect(rules.map((rule) => rule.kind === 'endpoint' && rule.names)).toEqual([
    'unchecked',
    'checked',
  ])
  const faulty = `version: 1
allow:
  - names: unchecked
    endpoint: 192.0.2.0/24
  - endpoint: udp://time.example.org:123
    names: unchecked
  - endpoint: example.org
    names: false
  - endpoint: example.org
    names: [a.example.org]
`
  expect(refusal(faulty).split('\n')).toMatchInlineSnapshot(`
    [
      "policy.yml:3:5: "names": is for host names: connections to an address are held to none",
      "policy.yml:6:5: "names": is for TCP: UDP is held to no name",
      "policy.yml:8:12: "false": names is checked or unchecked; did you mean unchecked?",
      "policy.yml:10:12: "[a.example.org]": names is checked or unchecked",
    ]
  `)
})

test('what a policy leaves out is audit, closed, and nothing', () => {
  for (const text of [
    'version: 1\n',
    'version: 1\nallow:\npresets:\nlockdown: []\n',
    '\ufeffversion: 1\r\n',
    '%YAML 1.2\n---\nversion: 1\n',
  ]) {
    expect(parsePolicy(text, 'p')).toMatchObject({
      egress: 'audit',
      failMode: 'closed',
      rules: [],
      lockdown: [],
    })
  }
})

test('a policy with many mistakes is told all of them', () => {
  const text = `version: 2
egres: block
egress: enforce
fail-mode: close
allowed-endpoints: []
allow:
  - https://github.com/
  - *.docker.io:443
  - [2001:db8::/32]:443
  - 443
  -
  - github.com: 443
  - endpoint: example.org
    step: [checkout]
    exe: [git, /usr/bin/../bin/git]
    names: uncheckd
  - https: https://api.github.com/repos
    methods: [get, PROPFIND, VERSION-CONTROL, G E T]
    paths: [repos/acme, "/a?b", /a/../b, "/a**"]
  - https: udp://api.github.com
  - https: 192.0.2.1
  - methods: [GET]
  - endpont: example.org
  - &anchor example.org
  - !tag example.net
presets: [github-action, github-ssh]
presets: [github-ssh]
lockdown: [reverse-shel]
disable-sudo: yes
disable-file-monitoring: 1
`
  expect(refusal(text).split('\n')).toMatchInlineSnapshot(`
    [
      "policy.yml:1:10: "2": only version 1 is known; did you mean 1?",
      "policy.yml:2:1: "egres": is no key here: version, egress, fail-mode, allow, presets, disable-sudo, disable-sudo-and-containers, disable-file-monitoring, lockdown are; did you mean egress?",
      "policy.yml:3:9: "enforce": egress is audit or block; did you mean block?",
      "policy.yml:4:12: "close": fail-mode is closed or open; did you mean closed?",
      "policy.yml:5:1: "allowed-endpoints": is no key here: version, egress, fail-mode, allow, presets, disable-sudo, disable-sudo-and-containers, disable-file-monitoring, lockdown are; did you mean allow?",
      "policy.yml:7:5: "https://github.com/": "https://" is no scheme of endpoints: only udp:// and tcp:// are, and a host needs none; did you mean github.com:443?",
      "policy.yml:8:5: "*.docker.io:443": YAML reads an unquoted "*" as a reference: put the endpoint in quotes; did you mean '*.docker.io:443'?",
      "policy.yml:9:5: "[2001:db8::/32]:443": YAML reads unquoted brackets as a list: put the endpoint in quotes; did you mean '[2001:db8::/32]:443'?",
      "policy.yml:10:5: "443": an endpoint is a text: host or host:port",
      "policy.yml:11:4: is empty",
      "policy.yml:12:5: "github.com: 443": a blank after the ":" makes this a mapping: an endpoint is one text; did you mean github.com:443?",
      "policy.yml:14:5: "step": is no key here: endpoint, steps, exe, names are; did you mean steps?",
      "policy.yml:15:11: "git": a program is an absolute path, or a pattern that starts with **/; did you mean **/git?",
      "policy.yml:15:16: "/usr/bin/../bin/git": a program is a resolved path: without ".", ".." or empty parts",
      "policy.yml:16:12: "uncheckd": names is checked or unchecked; did you mean unchecked?",
      "policy.yml:17:12: "https://api.github.com/repos": "https://" is no scheme of endpoints: only udp:// and tcp:// are, and a host needs none; did you mean api.github.com?",
      "policy.yml:18:15: "get": is no HTTP method: these are in capitals, as GET or PROPFIND; did you mean GET?",
      "policy.yml:18:47: "G E T": is no HTTP method: these are in capitals, as GET or PROPFIND",
      "policy.yml:19:13: "repos/acme": a path starts with "/"; did you mean /repos/acme?",
      "policy.yml:19:25: "/a?b": a path has no query or fragment; did you mean /a?",
      "policy.yml:19:33: "/a/../b": a path has no "." or ".." parts",
      "policy.yml:19:42: "/a**": "**" stands alone between slashes",
      "policy.yml:20:12: "udp://api.github.com": an HTTPS rule is for TCP; did you mean api.github.com?",
      "policy.yml:21:12: "192.0.2.1": an HTTPS rule names a host, not an address",
      "policy.yml:22:5: "methods: [GET]": an HTTPS rule needs its host: https: HOST",
      "policy.yml:23:5: "endpont: example.org": is neither an endpoint (endpoint:) nor an HTTPS rule (https:); did you mean endpoint:?",
      "policy.yml:24:13: "example.org": the anchor "&anchor" is not used in a policy: write the values out, or put the text in quotes",
      "policy.yml:25:10: "example.net": the tag "!tag" is not used in a policy: leave it out",
      "policy.yml:26:11: "github-action": is no preset: github-actions, github-lfs, github-ssh, aws-metadata, aws-container-credentials, azure-metadata, azure-wireserver, gcp-metadata, sigstore are; did you mean github-actions?",
      "policy.yml:27:1: "presets": stands here a second time: keep one",
      "policy.yml:28:12: "reverse-shel": is no detection ('runwarden rules list' shows them); did you mean reverse-shell?",
      "policy.yml:29:15: "yes": disable-sudo is true or false; did you mean true?",
      "policy.yml:30:26: "1": disable-file-monitoring is true or false; did you mean true?",
    ]
  `)
})

describe('a whole document that cannot be a policy', () => {
  test.each([
    ['', 'policy.yml:1:1: the policy is empty: it starts with "version: 1"'],
    ['# only a comment\n', 'policy.yml:1:1: the policy is empty: it starts with "version: 1"'],
    [
      'github.com\n',
      'policy.yml:1:1: "github.com": a policy is a mapping that starts with "version: 1"',
    ],
    [
      '- github.com\n',
      'policy.yml:1:1: "- github.com": a policy is a mapping that starts with "version: 1"',
    ],
    [
      'version: 1\n---\nversion: 1\n',
      'policy.yml:2:1: "---": a policy is one document: there is a second one after "---"',
    ],
    [
      'version: 1\nallow:\n\t- github.com\n',
      'policy.yml:3:1: "- github.com": a tab cannot indent in YAML: use blanks',
    ],
    ['version: "1\n', 'policy.yml:2:1: a quote, bracket or ":" is missing here'],
    ['allow: [github.com\n', 'policy.yml:2:1: the indentation does not fit what stands above'],
    [
      'allow:\n  - @github.com\n',
      'policy.yml:2:5: "- @github.com": a text that starts with this character has to be in quotes',
    ],
    [
      'allow: github.com\n',
      'policy.yml:1:8: "github.com": allow is a list of endpoints: put "- " in front of each; did you mean [github.com]?',
    ],
    [
      'allow:\n  - *\n',
      'policy.yml:2:5: "*": YAML reads an unquoted "*" as a reference; and alone it would allow every name: name a domain',
    ],
    [
      'allow:\n  a: b\n',
      'policy.yml:2:3: "a: b": allow is a list of endpoints: put "- " in front of each',
    ],
    [`version: 1\nx: ${'['.repeat(70)}`, 'policy.yml:1:1: is nested too deeply for a policy'],
    [`version: 1\nx:\n  ${'- '.repeat(70)}x`, 'policy.yml:1:1: is nested too deeply for a policy'],
    [
      `# ${'x'.repeat(1 << 20)}`,
      'policy.yml:1:1: a policy has at most 1048576 bytes, this has 1048578',
    ],
  ])('%j', (text, message) => {
    expect(refusal(text)).toBe(message)
  })
})

test('an error carries the place, the text and the nearest form of the first problem', () => {
  const text = 'version: 1\nallow:\n  - github.com\n  - https://example.org/\n  - ""\n'
  try {
    parsePolicy(text, 'dir/policy.yml')
    expect.unreachable()
  } catch (error) {
    expect(error).toBeInstanceOf(PolicyError)
    expect(error).toMatchObject({
      code: 'POLICY_INVALID',
      file: 'dir/policy.yml',
      line: 4,
      column: 5,
      text: 'https://example.org/',
      nearest: 'example.org:443',
      problems: [{ line: 4 }, { line: 5 }],
    })
  }
})

test('a hundred problems are counted, fifty are shown', () => {
  const text = `version: 1\nallow:\n${'  - a/b\n'.repeat(100)}`
  const lines = refusal(text).split('\n')
  expect(lines).toHaveLength(51)
  expect(lines.at(-1)).toBe('and 50 more')
})
