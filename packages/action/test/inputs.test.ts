import { expect, test } from 'vitest'
import { hostile } from '../../report/test/hostile.ts'
import { InputError } from '../src/input-error.ts'
import { inputDefaults, readInputs } from '../src/inputs.ts'

/** As the runner passes inputs: those of the workflow, and the defaults. */
function given(inputs: Record<string, string> = {}): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries({ ...inputDefaults, token: 'ghs_secret', ...inputs }).map(([name, value]) => [
      `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`,
      value,
    ]),
  )
}

function refused(inputs: Record<string, string>): InputError {
  try {
    readInputs(given(inputs))
  } catch (error) {
    if (error instanceof InputError) return error
    throw error
  }
  throw new Error('the inputs were taken')
}

test('a workflow that gives nothing gets the defaults', () => {
  expect(readInputs(given())).toEqual({
    egressPolicy: null,
    allowedEndpoints: '',
    token: 'ghs_secret',
    disableTelemetry: false,
    disableSudo: null,
    disableSudoAndContainers: null,
    disableFileMonitoring: null,
    policy: null,
    usePolicyStore: false,
    apiKey: null,
    deployOnSelfHostedVm: false,
    policyFile: null,
    blockList: null,
    rules: [],
    presets: [],
    failMode: null,
    failOn: 'none',
    lockdown: [],
    serverUrl: null,
    onServerFailure: 'local',
    afterJob: 'end',
    report: 'none',
    permissions: null,
    warnings: [],
  })
})

test('without any variable the same holds, with no token', () => {
  expect(readInputs({})).toEqual({ ...readInputs(given()), token: '' })
})

const wrong: [inputs: Record<string, string>, message: string][] = [
  [{ 'egress-policy': 'blok' }, 'egress-policy: "blok": is audit or block; did you mean block?'],
  [{ 'egress-policy': 'Block' }, 'egress-policy: "Block": is audit or block; did you mean block?'],
  [
    { 'fail-on': 'blocks' },
    'fail-on: "blocks": is none, blocked or detection; did you mean blocked?',
  ],
  [{ 'disable-sudo': 'yes' }, 'disable-sudo: "yes": is true or false; did you mean true?'],
  [{ 'disable-sudo': 'tRuE' }, 'disable-sudo: "tRuE": is true or false; did you mean true?'],
  [{ 'use-policy-store': 'maybe' }, 'use-policy-store: "maybe": is true or false'],
  [
    { 'allowed-endpoints': 'github.com:443\n  https://x.example/y # z' },
    'allowed-endpoints:2:3: "https://x.example/y": "https://" is no scheme of endpoints: only udp:// and tcp:// are, and a host needs none; did you mean x.example:443?',
  ],
  [
    { presets: 'sigstore github-action' },
    'presets: "github-action": is no preset: github-actions, github-lfs, github-ssh, aws-metadata, aws-container-credentials, azure-metadata, azure-wireserver, gcp-metadata, sigstore are; did you mean github-actions?',
  ],
  [
    { 'policy-file': '../policy.yml' },
    'policy-file: "../policy.yml": is a path from the root of the repository, and stays in it',
  ],
  [
    { rules: 'a.yml\n/etc/passwd' },
    'rules: "/etc/passwd": is a path from the root of the repository, and stays in it',
  ],
  [{ 'block-list': 'a\0b' }, 'block-list: "a\\x00b": is one path, without control characters'],
  [
    { 'server-url': 'runwarden.example.com' },
    'server-url: "runwarden.example.com": is no URL; did you mean https://runwarden.example.com?',
  ],
  [
    { 'server-url': 'http://runwarden.example.com/x/' },
    'server-url: "http://runwarden.example.com/x/": is an https URL (http only for this machine itself): policies that come over an open line could be anybody’s; did you mean https://runwarden.example.com/x?',
  ],
  [
    { 'server-url': 'https://user:hunter2@runwarden.example.com' },
    'server-url: has a user or password in it: use api-key',
  ],
  [
    { 'server-url': 'https://runwarden.example.com/?a=b' },
    'server-url: "https://runwarden.example.com/?a=b": has no query or fragment; did you mean https://runwarden.example.com?',
  ],
  [
    { permissions: 'contents: reed' },
    "permissions: \"contents: reed\": is written as in a workflow: 'contents: read', 'read-all' or 'write-all'",
  ],
  [
    { policy: 'a\nb', 'server-url': 'https://x.example.com' },
    'policy: "a\\nb": is one line of at most 200 characters',
  ],
  [
    { policy: 'web' },
    'policy: "web": is asked of a control plane: name yours by server-url, or use policy-file',
  ],
  [
    { policy: 'web', 'policy-file': 'p.yml', 'server-url': 'https://x.example.com' },
    'policy: "web": and policy-file both name the job’s policy: keep one. Endpoints and switches of the workflow can stand beside either',
  ],
  [
    { 'use-policy-store': 'true', 'server-url': 'https://x.example.com' },
    'use-policy-store: "true": needs api-key: make one at the control plane, store it as a secret of the repository or organisation, and pass it as api-key: ${{ secrets.NAME }} (a secret is empty in runs for pull requests from forks)',
  ],
  [
    { 'use-policy-store': 'true', 'api-key': 'rw_secret' },
    'use-policy-store: "true": is asked of a control plane: name yours by server-url, or use policy-file',
  ],
]

test.each(wrong)('%o is refused', (inputs, message) => {
  expect(refused(inputs).message).toBe(message)
})

test('every problem is told at once, with its place', () => {
  const error = refused({
    'egress-policy': 'blok',
    'allowed-endpoints': 'github.com:443\n  https://x.example/y  a@b.example',
    'disable-sudo': 'yes',
    lockdown: 'reverse-shel\nreverse-shell',
  })
  expect(
    error.problems.map(({ input, text, nearest, place }) => [input, text, nearest, place]),
  ).toEqual([
    ['egress-policy', 'blok', 'block', null],
    ['disable-sudo', 'yes', 'true', null],
    ['lockdown', 'reverse-shel', 'reverse-shell', null],
    ['allowed-endpoints', 'https://x.example/y', 'x.example:443', { line: 2, column: 3 }],
    ['allowed-endpoints', 'a@b.example', 'b.example:22', { line: 2, column: 24 }],
  ])
  expect(error.message.split('\n')).toHaveLength(5)
})

test.each([
  [{}, 'closed'],
  [{ 'egress-policy': 'audit' }, 'open'],
  [{ 'egress-policy': 'block' }, 'closed'],
  [{ 'egress-policy': 'audit', 'fail-mode': 'closed' }, 'closed'],
  [{ 'egress-policy': 'audit', 'fail-mode': 'opn' }, 'closed'],
  [{ 'egress-policy': 'audi', 'fail-mode': '' }, 'closed'],
  [{ 'fail-mode': ' open ' }, 'open'],
] as const)('with %o and something wrong beside, fail-mode is %s', (inputs, failMode) => {
  expect(refused({ ...inputs, report: 'wrong' }).failMode).toBe(failMode)
})

test('truth values are those of the runner’s toolkit', () => {
  for (const text of ['true', 'True', 'TRUE', ' true\n'])
    expect(readInputs(given({ 'disable-sudo': text })).disableSudo).toBe(true)
  for (const text of ['false', 'False', 'FALSE'])
    expect(readInputs(given({ 'disable-sudo': text })).disableSudo).toBe(false)
  expect(readInputs(given({ 'disable-sudo': '' })).disableSudo).toBeNull()
})

test('a workflow that gives everything', () => {
  const inputs = readInputs(
    given({
      'egress-policy': 'block',
      'allowed-endpoints': 'github.com:443 api.github.com:443\n',
      'disable-telemetry': 'true',
      'disable-sudo': 'true',
      'disable-sudo-and-containers': 'false',
      'disable-file-monitoring': 'true',
      'use-policy-store': 'true',
      'api-key': ' rw_secret\n',
      'deploy-on-self-hosted-vm': 'true',
      'policy-file': './.github/./runwarden policy.yml',
      'block-list': '.github/block.json',
      rules: '\n  .github/a b.yml\r\n.github/c.yml\n',
      presets: 'github-actions, sigstore\ngithub-actions',
      'fail-mode': 'open',
      'fail-on': 'detection',
      lockdown: 'reverse-shell',
      'server-url': 'https://runwarden.example.com/team/',
      'on-server-failure': 'fail',
      'after-job': 'keep',
      report: 'artifact',
      permissions: 'contents: read\nissues: write',
    }),
  )
  expect(inputs).toEqual({
    egressPolicy: 'block',
    allowedEndpoints: 'github.com:443 api.github.com:443\n',
    token: 'ghs_secret',
    disableTelemetry: true,
    disableSudo: true,
    disableSudoAndContainers: false,
    disableFileMonitoring: true,
    policy: null,
    usePolicyStore: true,
    apiKey: 'rw_secret',
    deployOnSelfHostedVm: true,
    policyFile: '.github/runwarden policy.yml',
    blockList: '.github/block.json',
    rules: ['.github/a b.yml', '.github/c.yml'],
    presets: ['github-actions', 'sigstore'],
    failMode: 'open',
    failOn: 'detection',
    lockdown: ['reverse-shell'],
    serverUrl: 'https://runwarden.example.com/team',
    onServerFailure: 'fail',
    afterJob: 'keep',
    report: 'artifact',
    permissions: { contents: 'read', issues: 'write' },
    warnings: [],
  })
})

test.each([
  ['read-all', { '*': 'read' }],
  ['write-all', { '*': 'write' }],
  ['{}', {}],
  ['contents: read, id-token: write', { contents: 'read', 'id-token': 'write' }],
])('permissions %j', (text, granted) => {
  expect(readInputs(given({ permissions: text })).permissions).toEqual(granted)
})

test.each([
  [
    { 'allowed-endpoint': 'x' },
    'allowed-endpoint is no input of this action, and has no effect: did you mean allowed-endpoints?',
  ],
  [
    { egress_policy: 'audit' },
    'egress_policy is no input of this action, and has no effect: did you mean egress-policy?',
  ],
  [{ 'a\n::error::b': 'x' }, 'a\\n::error::b is no input of this action, and has no effect.'],
  [{ 'api-key': 'x' }, 'api-key is not used: it is for a control plane, which server-url names.'],
  [
    { 'on-server-failure': 'fail' },
    'on-server-failure is not used: server-url names no control plane.',
  ],
  [
    {
      policy: 'web',
      'use-policy-store': 'true',
      'api-key': 'x',
      'server-url': 'https://x.example.com',
    },
    'policy is not used: use-policy-store stands before it.',
  ],
  [
    {
      'egress-policy': 'audit',
      'disable-telemetry': 'true',
      'server-url': 'https://x.example.com',
    },
    'disable-telemetry has no effect in audit mode.',
  ],
] as [Record<string, string>, string][])('%o is warned of', (inputs, warning) => {
  expect(readInputs(given(inputs)).warnings).toEqual([warning])
})

test('an open line is good enough within the machine', () => {
  for (const url of ['http://127.0.0.1:8080', 'http://localhost:8080', 'http://[::1]:8080'])
    expect(readInputs(given({ 'server-url': url })).serverUrl).toBe(url)
  refused({ 'server-url': 'http://127.0.0.1.example.com' })
})

test('no secret is in an error', () => {
  const error = refused({
    token: 'ghs_secret\n::error::',
    'api-key': 'rw_secret',
    'egress-policy': 'x',
    'server-url': 'https://a:hunter2@x.example.com',
  })
  const all = `${error.message}${JSON.stringify(error)}${JSON.stringify(error.problems)}`
  expect(all).not.toMatch(/_secret|hunter2/)
})

test.each(hostile.map((text) => ({ text: text.replaceAll('\0', '') })))(
  '$text in every input is read or refused, and said on lines of its own',
  ({ text }) => {
    for (const name of Object.keys(inputDefaults)) {
      try {
        readInputs(given({ [name]: text }))
      } catch (error) {
        if (!(error instanceof InputError)) throw error
        expect(error.message).not.toMatch(/[^\n\P{Cc}]|[\p{Cf}\p{Zl}\p{Zp}]/u)
        expect(error.message.split('\n').every((line) => /^[a-z-]+:/.test(line))).toBe(true)
      }
    }
  },
)
