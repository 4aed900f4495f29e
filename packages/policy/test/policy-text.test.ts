import { expect, test } from 'vitest'
import { parsePolicy } from '../src/document.ts'
import { extendPolicy, parseAllowedEndpoints, type Policy, policyOf } from '../src/index.ts'
import { policyText } from '../src/policy-text.ts'

const document = `version: 1
egress: block
fail-mode: open
allow:
  - registry.example.org
  - udp://time.example.org:123
  - "[2001:db8::/32]:8000-8100"
  - endpoint: github.com
    steps: [checkout]
    exe: [/usr/bin/git, "**/git # remote"]
  - https: api.example.org
    methods: [GET]
    paths: ["/repos/acme/**"]
presets: [github-actions]
disable-sudo: true
disable-file-monitoring: false
lockdown: [reverse-shell]
`

/** Without the places of its lines, and how its endpoints are spelled. */
const said = (policy: Policy): unknown =>
  JSON.parse(JSON.stringify({ ...policy, file: '' }), (key, value: unknown) =>
    key === 'where' || key === 'text' ? null : value,
  )

test('a policy is written as a document that says the same, and where each line was read', () => {
  const policy = parsePolicy(document, 'ci/policy.yml')
  const text = policyText(policy)
  expect(text).toBe(`version: 1
egress: block
fail-mode: open
allow:
  - "registry.example.org:443" # ci/policy.yml:5
  - "udp://time.example.org:123" # ci/policy.yml:6
  - "[2001:db8::/32]:8000-8100" # ci/policy.yml:7
  - { endpoint: "github.com:443", steps: ["checkout"], exe: ["/usr/bin/git", "**/git # remote"] } # ci/policy.yml:8
  - { https: "api.example.org:443", methods: ["GET"], paths: ["/repos/acme/**"] } # ci/policy.yml:11
presets: ["github-actions"]
disable-sudo: true
disable-file-monitoring: false
lockdown: ["reverse-shell"]
`)
  expect(said(parsePolicy(text, 'again'))).toEqual(said(policy))
})

test('what the command line says stands in it, too; of rules of its own a comment tells', () => {
  const policy = extendPolicy(policyOf([]), {
    endpoints: parseAllowedEndpoints('one.example.org:80', '--allow'),
    egress: 'block',
    lockdown: [{ detection: 'own-rule', where: { file: '--lockdown', line: 1, column: 1 } }],
  })
  expect(policyText(policy)).toBe(`version: 1
egress: block
fail-mode: closed
allow:
  - "one.example.org:80" # --allow:1
# lockdown by rules of the job's own: own-rule
`)
})
