import { compile, decide, decideName, formatEndpoint, PolicyError } from '@runwarden/policy'
import { composePolicy, type PolicySources } from '@runwarden/policy/compose'
import { parsePolicy } from '@runwarden/policy/document'
import { describe, expect, test } from 'vitest'
import { random } from '../../policy/test/random.ts'
import { hostile } from '../../report/test/hostile.ts'
import { type Inputs, readInputs } from '../src/inputs.ts'

const nothing: PolicySources = { file: null, stored: [], hosts: [] }

function inputs(given: Partial<Inputs> = {}): Inputs {
  return { ...readInputs({}), ...given }
}

function composed(given: Partial<Inputs> = {}, sources: Partial<PolicySources> = {}) {
  return composePolicy(inputs(given), { ...nothing, ...sources })
}

const file = (text: string) => ({ file: { name: 'policy.yml', text } })

const jobHosts = [
  { endpoint: 'github.com:443', why: 'git over HTTPS' },
  { endpoint: 'api.github.com:443', why: 'REST API' },
  {
    endpoint: 'results-receiver.actions.githubusercontent.com:443',
    why: 'artifacts and caches',
  },
  {
    endpoint: 'productionresultssa7.blob.core.windows.net:443',
    why: 'where artifacts of this job are kept',
  },
]

test('a workflow that says nothing is blocked, fail-mode closed', () => {
  expect(composed()).toEqual({
    text: 'version: 1\negress: block\nfail-mode: closed\nallow: []\n',
    name: 'job policy',
    egress: 'block',
    failMode: 'closed',
    warnings: [],
    notes: [],
  })
})

test.each([
  [{ egressPolicy: 'audit' }, {}, 'audit', 'open'],
  [{ egressPolicy: 'audit', failMode: 'closed' }, {}, 'audit', 'closed'],
  [{ egressPolicy: 'block', failMode: 'open' }, {}, 'block', 'open'],
  [{}, file('egress: audit'), 'audit', 'open'],
  [{}, file('allow: []'), 'block', 'closed'],
  [{}, file('fail-mode: open'), 'block', 'open'],
  [{ egressPolicy: 'block' }, file('egress: audit'), 'block', 'closed'],
  [{ failMode: 'closed' }, file('egress: audit\nfail-mode: open'), 'audit', 'closed'],
] as const)('%o beside %o is %s, fail-mode %s', (given, sources, egress, failMode) => {
  const found = composed(given, sources)
  expect([found.egress, found.failMode]).toEqual([egress, failMode])
  const policy = parsePolicy(found.text, 'x')
  expect([policy.egress, policy.failMode]).toEqual([egress, failMode])
})

test('inputs and a file: inline switches win, endpoints add up, and each says where it is from', () => {
  const found = composed(
    {
      egressPolicy: 'audit',
      allowedEndpoints: 'github.com:443\n  GITHUB.com udp://time.example.org:123 # clock',
      disableSudo: false,
      presets: ['sigstore'],
      lockdown: ['reverse-shell'],
    },
    file(`version: 1
egress: block
allow:
  - "*.example.org:443"
  - endpoint: github.com
    steps: [checkout]
    exe: ["**/git"]
  - { endpoint: "proxy.example.org:3128", names: unchecked }
  - https: api.github.com
    methods: [GET, POST]
    paths: ["/repos/acme/**"]
  - { https: "x.example.org:8443", unseen: allow }
  - "[2001:db8::/32]:443"
presets: [aws-metadata, sigstore]
disable-sudo: true
disable-file-monitoring: true
lockdown: [reverse-shell, privileged-container]
`),
  )
  expect(found.text).toBe(`version: 1
egress: audit
fail-mode: open
allow:
  - "github.com:443" # allowed-endpoints:1:1
  - "udp://time.example.org:123" # allowed-endpoints:2:14
  - "*.example.org:443" # policy.yml:4
  - { endpoint: "github.com:443", steps: ["checkout"], exe: ["**/git"] } # policy.yml:5
  - { endpoint: "proxy.example.org:3128", names: unchecked } # policy.yml:8
  - { https: "api.github.com:443", methods: ["GET", "POST"], paths: ["/repos/acme/**"] } # policy.yml:9
  - { https: "x.example.org:8443", unseen: allow } # policy.yml:12
  - "[2001:db8::/32]:443" # policy.yml:13
presets: ["sigstore", "aws-metadata"]
disable-sudo: false
disable-file-monitoring: true
lockdown: ["reverse-shell", "privileged-container"]
`)
  expect(found.warnings).toEqual([
    'egress-policy: audit of the workflow stands before egress: block of policy.yml.',
    'disable-sudo: false of the workflow stands before disable-sudo: true of policy.yml.',
  ])
})

test('job > repository > organisation > cluster, key by key', () => {
  const found = composed(
    {},
    {
      file: { name: 'file', text: 'disable-sudo: true' },
      stored: [
        { name: 'repository', text: 'egress: audit\nallow: [a.example.org]' },
        {
          name: 'organisation',
          text: 'egress: block\ndisable-sudo: false\npresets: [sigstore]\nlockdown: [reverse-shell]',
        },
        { name: 'cluster', text: 'lockdown: []\nfail-mode: closed' },
      ],
    },
  )
  expect(found.text).toBe(`version: 1
egress: audit
fail-mode: closed
allow:
  - "a.example.org:443" # repository:2
disable-sudo: true
lockdown: ["reverse-shell"]
`)
  expect(found.warnings).toEqual([
    'egress: audit of repository stands before egress: block of organisation.',
    'allow of organisation is not used: that of repository stands before it.',
    'disable-sudo: true of file stands before disable-sudo: false of organisation.',
    'lockdown of cluster is not used: that of organisation stands before it.',
  ])
})

describe('hosts of the job', () => {
  test('those of its services are always allowed, exactly; those that are everybody’s are not', () => {
    const found = composed({}, { hosts: jobHosts })
    expect(found.text).toContain(`allow:
  - "results-receiver.actions.githubusercontent.com:443" # artifacts and caches
  - "productionresultssa7.blob.core.windows.net:443" # where artifacts of this job are kept
`)
    expect(found.text).not.toContain('github.com')
    expect(found.notes).toEqual([
      'results-receiver.actions.githubusercontent.com:443 is allowed: artifacts and caches.',
      'productionresultssa7.blob.core.windows.net:443 is allowed: where artifacts of this job are kept.',
    ])
    expect(found.warnings).toEqual([])
  })

  test.each([
    [{ presets: ['github-actions'] }, {}],
    [{}, file('presets: [github-actions]')],
  ])('the preset github-actions of %o %o is exact hosts', (given, sources) => {
    const found = composed(given, { ...sources, hosts: jobHosts })
    const policy = parsePolicy(found.text, 'x')
    expect(policy.rules.map(({ endpoint }) => formatEndpoint(endpoint)).toSorted()).toEqual([
      'api.github.com:443',
      'codeload.github.com:443',
      'github.com:443',
      'objects.githubusercontent.com:443',
      'productionresultssa7.blob.core.windows.net:443',
      'raw.githubusercontent.com:443',
      'release-assets.githubusercontent.com:443',
      'results-receiver.actions.githubusercontent.com:443',
    ])
    expect(found.text).not.toContain('*')
    const compiled = compile(policy)
    expect(decideName(compiled, 'pipelines.actions.githubusercontent.com').verdict).toBe('blocked')
    expect(decideName(compiled, 'productionresultssa8.blob.core.windows.net').verdict).toBe(
      'blocked',
    )
  })

  test('where no service is known, the preset says that it allows none', () => {
    expect(
      composed({ presets: ['github-actions'] }, { hosts: jobHosts.slice(0, 2) }).warnings,
    ).toEqual([
      "No host of this job's Actions services is known, so the preset github-actions allows none: where a step needs caches, artifacts or OIDC tokens, allow the host that the report shows.",
    ])
  })

  test.each([
    '*.actions.githubusercontent.com:443',
    '0.0.0.0/0:443',
    'a.example:1-65535',
    'a b',
    '',
  ])('%j is no exact host, and is not allowed', (endpoint) => {
    const found = composed({}, { hosts: [{ endpoint, why: 'x' }] })
    expect(found.text).toContain('allow: []')
    expect(found.warnings).toEqual([`${endpoint} (x) is no exact host, and was not allowed.`])
  })

  test('a wildcard that the workflow itself has stays', () => {
    const found = composed({ allowedEndpoints: '*.actions.githubusercontent.com:443' })
    const compiled = compile(parsePolicy(found.text, 'x'))
    expect(decideName(compiled, 'results.actions.githubusercontent.com').verdict).toBe('allowed')
  })
})

test('errors have the place in the input or document', () => {
  expect(() => composed({ allowedEndpoints: 'github.com\n  http://x y:z' })).toThrow(
    /^allowed-endpoints:2:3: .*\nallowed-endpoints:2:12: /,
  )
  expect(() => composed({}, file('version: 1\negres: block'))).toThrow(
    'policy.yml:2:1: "egres": is no key here',
  )
  expect(() => composed({}, file(''))).toThrow(PolicyError)
})

const nasty = [
  ...hostile,
  '"',
  '\\',
  "'",
  '# comment',
  'a # b',
  '}, { endpoint: "*.example"',
  ']',
  '\u0085',
  '\u2028',
  '\ud800',
  '\u{1f600}',
  '&a',
  '*a',
  '!!str',
  '---',
  '...',
  '%YAML 1.1',
  '? x',
  ': y',
  '<<',
  'null',
  'true',
  '~',
  '1e3',
]
  .map((text) => text.slice(0, 100))
  .filter((text) => text.trim() !== '')

/** JSON is YAML; what is beyond ASCII is escaped, so that the document itself is fine. */
const json = (value: unknown): string =>
  JSON.stringify(value).replaceAll(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

test('what is composed reads back as the same rules, whatever texts steps, programs and paths are', () => {
  const { below, pick, many } = random(7)
  const some = (make: () => string): string[] => many(1, 3, make)
  for (let round = 0; round < 400; round++) {
    const allow = many(1, 5, () => {
      const host = pick([
        'a.example.org',
        '*.example.org',
        'c-*.example.org:1-9',
        'münchen.example',
      ])
      const kind = below(4)
      if (kind === 0) return host
      if (kind === 1) return { endpoint: host, names: 'unchecked' }
      if (kind === 2)
        return {
          endpoint: pick([host, '192.0.2.0/24:53', '[2001:db8::/32]:1-2', 'udp://x.example:5']),
          steps: some(() => pick(nasty).replaceAll('.', '_')),
          exe: some(() => `**/${pick(nasty).replaceAll(/[/.]/g, '_')}`),
        }
      return {
        https: pick(['a.example.org', '*.example.org:8443']),
        methods: [pick(['GET', 'POST'])],
        paths: some(() => `/${pick(nasty).replaceAll(/[^!-~]|[?#/\\%*]/g, '_')}`),
        unseen: pick(['allow', 'refuse']),
      }
    })
    const text = json({
      allow,
      presets: below(2) === 0 ? [] : [pick(['sigstore', 'aws-metadata'])],
      'disable-sudo': below(2) === 0,
    })
    const name = pick(nasty)
    const found = composed(
      { allowedEndpoints: 'z.example.org:443', egressPolicy: pick(['audit', 'block', null]) },
      { file: { name, text }, hosts: [{ endpoint: 'y.example.org:443', why: pick(nasty) }] },
    )
    expect(found.text).not.toMatch(/[^\n\P{Cc}]|[\p{Cf}\p{Zl}\p{Zp}]/u)
    const before = parsePolicy(text, 'before')
    const after = parsePolicy(found.text, 'after')
    const own = after.rules.map(told).filter((rule) => !/"[yz]\.example\.org:443",\[\]/.test(rule))
    expect(new Set(own)).toEqual(new Set(before.rules.map(told)))
    expect(after.rules).toHaveLength(new Set(before.rules.map(told)).size + 2)
    expect(after.disableSudo?.on).toBe(before.disableSudo?.on)
  }
})

/** What a rule allows, without its place. */
function told(rule: ReturnType<typeof parsePolicy>['rules'][number]): string {
  const text = formatEndpoint(rule.endpoint)
  return JSON.stringify(
    rule.kind === 'https'
      ? ['https', text, rule.methods, rule.paths, rule.unseen]
      : ['endpoint', text, rule.steps, rule.exe, rule.names, rule.preset],
  )
}

test('a composed policy decides as its parts do', () => {
  const found = composed({ allowedEndpoints: 'a.example.org 192.0.2.1:22' })
  const compiled = compile(parsePolicy(found.text, found.name))
  expect(decide(compiled, { protocol: 'tcp', port: 22, address: '192.0.2.1' })).toMatchObject({
    verdict: 'allowed',
  })
})
