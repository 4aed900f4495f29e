import { parsePolicy } from '@runwarden/policy/document'
import { compile, parseAllowedEndpoints, parseBlockList, PolicyError } from '@runwarden/policy'
import { must, type Target } from '../target.ts'

/** What acts on a terminal, or hides. */
// oxlint-disable-next-line no-control-regex -- what must not be there
const acting = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/

function outcome(act: () => unknown): string {
  try {
    act()
    return 'valid'
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    must(error.problems.length > 0, 'an error has a problem')
    for (const { line, column } of error.problems) must(line > 0 && column > 0, 'with its place')
    must(!acting.test(error.message), 'and a message that is safe to show')
    return error.message.replaceAll(/"[^"]*"|\d+|'[^']*'/g, '…').slice(0, 60)
  }
}

const document = `version: 1
egress: block
fail-mode: closed
allow:
  - registry.example.org
  - "*.example.com:443"
  - udp://time.example.org:123
  - 203.0.113.0/24:8000-8100
  - "[2001:db8::/32]:443"
  - endpoint: example.org
    steps: [checkout]
    exe: [/usr/bin/git, "**/git-remote-https"]
  - https: api.example.org
    methods: [GET]
    paths: ["/repos/acme/**"]
presets: [github-actions]
lockdown: [reverse-shell]
`

export const policy: Target = {
  name: 'policy',
  seeds: () => [
    Buffer.from(document),
    Buffer.from('registry.example.org:443 *.example.com udp://192.0.2.1:53 # comment'),
    Buffer.from('{"domains": [{"value": "evil.example", "reason": "x"}], "addresses": []}'),
  ],
  words: [
    '\n  - ',
    ': ',
    '{',
    '[',
    '"',
    "'",
    '&a ',
    '*a',
    '!!',
    '|',
    '\t',
    '#',
    '*.',
    '/',
    '::',
    '65536',
  ],
  run: (input) => {
    const text = input.toString('utf8')
    const parsed = outcome(() => compile(parsePolicy(text, 'policy.yml')))
    const endpoints = outcome(() => parseAllowedEndpoints(text, 'allow'))
    const blockList = outcome(() => parseBlockList(text, 'list.json'))
    return `${parsed} ${endpoints === 'valid'} ${blockList === 'valid'}`
  },
}
