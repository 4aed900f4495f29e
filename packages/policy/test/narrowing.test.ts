import { expect, test } from 'vitest'
import { parsePolicy } from '../src/document.ts'
import { compile, decide, decideName, PolicyError, simulate } from '../src/index.ts'
import { messageOf } from './random.ts'

const policy = (...programs: string[]) =>
  compile(
    parsePolicy(
      `version: 1
egress: block
allow:
${programs.map((program) => `  - endpoint: 203.0.113.8:8080\n    exe: ["${program}"]\n`).join('')}`,
      'policy.yml',
    ),
  )

const at = { address: '203.0.113.8', port: 8080, protocol: 'tcp' }

test.for([
  ['/usr/bin/git', 'allowed'],
  ['/usr/bin/git2', 'blocked'],
  ['/bin/git', 'blocked'],
  ['/opt/a/b/fetch', 'allowed'],
  ['/opt/b/fetch', 'allowed'],
  ['/opt/bb/fetch', 'blocked'],
  ['/fetch', 'blocked'],
  [null, 'blocked'],
] as const)('lines for several programs allow each of them: %s %s', ([exe, verdict]) => {
  const compiled = policy('/usr/bin/git', '**/b/fetch')
  expect(decide(compiled, { ...at, exe }).verdict).toBe(verdict)
})

test('a refusal names the line that allows it to others', () => {
  expect(decide(policy('/usr/bin/git'), { ...at, exe: '/usr/bin/curl' })).toEqual({
    verdict: 'blocked',
    reason: 'policy.yml:4 203.0.113.8:8080 allows it to programs /usr/bin/git only',
    rule: 'policy.yml:4 203.0.113.8:8080',
  })
})

const names = compile(
  parsePolicy(
    `version: 1
egress: block
allow:
  - endpoint: deploy.example.org
    exe: [/usr/bin/git]
  - endpoint: deploy.example.org
    exe: [/usr/bin/curl]
  - endpoint: "*.example.org:8080"
    exe: ["**/fetch"]
  - everybody.example.org:8080
`,
    'policy.yml',
  ),
)

test.for([
  ['deploy.example.org', 443, '/usr/bin/git', 'policy.yml:4 deploy.example.org:443'],
  ['deploy.example.org', 443, '/usr/bin/curl', 'policy.yml:6 deploy.example.org:443'],
  ['deploy.example.org', 443, '/usr/bin/wget', null],
  ['deploy.example.org', 443, null, null],
  ['deploy.example.org', 8080, '/opt/fetch', 'policy.yml:8 *.example.org:8080'],
  ['deploy.example.org', 8080, '/usr/bin/git', null],
  ['everybody.example.org', 8080, null, 'policy.yml:10 everybody.example.org:8080'],
  ['everybody.example.org', 8080, '/opt/fetch', 'policy.yml:10 everybody.example.org:8080'],
] as const)(
  'a name is allowed to the programs of its lines: %s %d %s',
  ([host, port, exe, rule]) => {
    const decision = decide(names, { host, port, protocol: 'tcp', exe })
    if (rule !== null) expect(decision).toMatchObject({ verdict: 'allowed', rule })
    else
      expect(decision).toMatchObject({
        verdict: 'blocked',
        reason: expect.stringMatching(/allows it to programs .* only/),
      })
  },
)

test('a name is looked up for the programs of its lines, whatever the port', () => {
  const verdicts = ['/usr/bin/git', '/opt/fetch', '/usr/bin/wget'].map(
    (exe) => decideName(names, 'deploy.example.org', { exe }).verdict,
  )
  expect(verdicts).toEqual(['allowed', 'allowed', 'blocked'])
})

const steps = compile(
  parsePolicy(
    `version: 1
egress: block
allow:
  - endpoint: deploy.example.org
    steps: [deploy, publish]
  - endpoint: 203.0.113.8:8080
    steps: [deploy]
    exe: [/usr/bin/git]
`,
    'policy.yml',
  ),
)

test.for([
  ['deploy', '/usr/bin/git', 'allowed', 'allowed'],
  ['publish', '/usr/bin/git', 'allowed', 'blocked'],
  ['deploy', '/usr/bin/curl', 'allowed', 'blocked'],
  ['deploy', null, 'allowed', 'blocked'],
  ['test', '/usr/bin/git', 'blocked', 'blocked'],
  ['deploy-2', '/usr/bin/git', 'blocked', 'blocked'],
  [null, '/usr/bin/git', 'blocked', 'blocked'],
] as const)('lines for steps allow these, with the programs that they name: %s %s', (row) => {
  const [step, exe, name, address] = row
  const host = { host: 'deploy.example.org', port: 443, protocol: 'tcp' }
  const verdicts = [host, at].map((where) => decide(steps, { ...where, step, exe }).verdict)
  expect(verdicts).toEqual([name, address])
})

test('a refusal names the steps of the line, and its programs', () => {
  expect(decide(steps, { ...at, step: 'deploy' }).reason).toBe(
    'policy.yml:6 203.0.113.8:8080 allows it to steps deploy and programs /usr/bin/git only',
  )
})

test.for(['all.own', 'x'.repeat(128)])(
  'a step that no step of a job is called is an error',
  (id) => {
    const text = `version: 1\nallow:\n  - endpoint: a.example.org\n    steps: ["${id}"]\n`
    expect(() => compile(parsePolicy(text, 'policy.yml'))).toThrow(/step/)
  },
)

test('a recorded connection is decided by its step', () => {
  const event = {
    kind: 'net.connect',
    host: null,
    verdict: 'allowed',
    rule: null,
    count: 1,
  } as const
  const run = { kind: 'process.exec', execId: 'a', exe: '/usr/bin/git' } as const
  const { destinations } = simulate(steps, [
    run,
    { ...event, ...at, execId: 'a', step: 'deploy' },
    { ...event, ...at, execId: 'a', step: 'test' },
  ])
  expect(destinations.map(({ now }) => now)).toEqual(['blocked', 'allowed'])
})

test('a recorded connection is decided by the program that its process ran', () => {
  const connect = {
    kind: 'net.connect',
    host: null,
    verdict: 'allowed',
    rule: null,
    count: 1,
  } as const
  const { destinations } = simulate(policy('/usr/bin/git'), [
    { kind: 'process.exec', execId: 'a', exe: '/usr/bin/git' },
    { ...connect, ...at, execId: 'a' },
    { kind: 'process.exec', execId: 'a', exe: '/usr/bin/curl' },
    { ...connect, ...at, execId: 'a' },
  ])
  expect(destinations.map(({ now }) => now)).toEqual(['blocked', 'allowed'])
})

test.for(['/usr/bin/g*', '**/git-*', '/usr/**/git'])(
  'a wildcard that the kernel cannot look up is an error: %s',
  (program) => {
    expect(() => policy(program)).toThrow('a program is a whole path, or **/ and the end of one')
  },
)

/** A policy of so many lines, each narrowed to another program. */
const narrowed = (count: number, endpoint: (index: number) => string) => {
  const lines = Array.from(
    { length: count },
    (_, i) => `  - endpoint: ${endpoint(i)}\n    exe: [/usr/bin/${i}]\n`,
  )
  return compile(parsePolicy(`version: 1\nallow:\n${lines.join('')}`, 'policy.yml'))
}

test.for(['203.0.113.8:8080', 'a.example.org'])(
  'more lines for one destination than the kernel keeps are an error: %s',
  (endpoint) => {
    expect(() => narrowed(8, () => endpoint)).not.toThrow()
    expect(() => narrowed(9, () => endpoint)).toThrow(/at most 8 lines .* may be for one/)
  },
)

test('more different lists of programs than the kernel keeps are an error', () => {
  expect(() => narrowed(64, (i) => `203.0.113.${i}`)).not.toThrow()
  expect(() => narrowed(65, (i) => `203.0.113.${i}`)).toThrow(
    'at most 64 different lists of programs and steps',
  )
})

test('lists that differ have different tags', () => {
  const tags = [['/a'], ['/b'], ['/a', '/b'], ['/b', '/a']].map(
    (programs) => policy(...programs).narrowings.tag,
  )
  expect(new Set(tags).size).toBe(4)
  expect(policy().narrowings.tag).toBe(0)
})

test.for([
  [
    'ports that begin elsewhere',
    ['10.0.0.1:1-100', ...Array.from({ length: 8 }, () => '10.0.0.0/24:50')],
    'policy.yml:4:5: "10.0.0.1:1-100": at most 8 lines that are narrowed differently may be for one address and port (50); join their programs or steps',
  ],
  [
    'a name and patterns',
    ['one.example.org:1-100', ...Array.from({ length: 8 }, (_, i) => `*.example.org:79-${80 + i}`)],
    'policy.yml:4:5: "one.example.org:1-100": at most 8 lines with different ports, programs or steps may be for one name, and 9 are for one.example.org; join their programs or steps, or their ports',
  ],
  ['eight beside each other', Array.from({ length: 8 }, () => '10.0.0.1:50'), null],
  ['nine that do not meet', Array.from({ length: 9 }, (_, i) => `10.0.0.1:${50 + i}`), null],
] as const)('the kernel keeps 8 narrowed lines of one destination: %s', ([, endpoints, says]) => {
  const lines = endpoints.map((text, i) => `  - { endpoint: "${text}", exe: [/usr/bin/p${i}] }\n`)
  const read = () =>
    compile(parsePolicy(`version: 1\negress: block\nallow:\n${lines.join('')}`, 'policy.yml'))
  if (says === null) expect(read().rules).toHaveLength(endpoints.length)
  else expect(messageOf(read, PolicyError)).toBe(says)
})
