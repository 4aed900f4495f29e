import { mkdirSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Place, runwarden } from './runwarden.ts'

let place: Place
beforeAll(() => {
  place = new Place()
  const write = (name: string, ...lines: string[]): void =>
    writeFileSync(place.at(name), `${lines.join('\n')}\n`)
  write(
    'policy.yml',
    'version: 1',
    'egress: block',
    'allow:',
    '  - registry.example.org',
    '  - "*.cdn.example.com:443"',
    '  - 203.0.113.0/24:8000-8100',
  )
  write(
    'narrow.yml',
    'version: 1',
    'egress: block',
    'allow:',
    '  - registry.example.org',
    '  - endpoint: api.example.com',
    '    steps: [deploy]',
    'disable-file-monitoring: true',
  )
  write(
    'https.yml',
    'version: 1',
    'egress: block',
    'allow:',
    '  - "*.example.com"',
    '  - https: api.example.com',
    '    methods: [GET]',
    '    paths: ["/repos/**"]',
    '    unseen: allow',
  )
  write('broken.yml', 'version: 1', 'egress: blok')
  write('list.json', '{"domains": [{"value": "evil.example.org", "reason": "known thief"}]}')
  write('broken.json', '{"domains": [{"value": "not a name", "reason": "x"}]}')
  const event = {
    time: 1,
    scope: 's',
    execId: null,
    step: 'build',
    verdict: 'would-block',
    reason: '',
    rule: null,
  }
  const connect = { ...event, kind: 'net.connect', via: 'connect', count: 2 }
  mkdirSync(place.at('run'))
  write(
    'run/events.ndjson',
    JSON.stringify({
      ...event,
      seq: 1,
      kind: 'dns.query',
      name: 'registry.example.org',
      type: 'A',
      server: '192.0.2.53',
      serverPort: 53,
      protocol: 'udp',
      rcode: 'NOERROR',
      addresses: ['198.51.100.1'],
      cnames: [],
    }),
    JSON.stringify({
      ...connect,
      seq: 2,
      host: 'registry.example.org',
      address: '198.51.100.1',
      port: 443,
      protocol: 'tcp',
    }),
    JSON.stringify({
      ...connect,
      seq: 3,
      host: null,
      address: '192.0.2.99',
      port: 25,
      protocol: 'tcp',
    }),
    JSON.stringify({ ...event, seq: 4, kind: 'process.exit', pid: 1, code: 0, signal: null }),
  )
  mkdirSync(place.at('good'))
  write(
    'good/events.ndjson',
    JSON.stringify({
      ...connect,
      seq: 1,
      host: 'registry.example.org',
      address: '198.51.100.1',
      port: 443,
      protocol: 'tcp',
    }),
  )
  mkdirSync(place.at('cut'))
  write(
    'cut/events.ndjson',
    JSON.stringify({
      ...connect,
      seq: 1,
      host: null,
      address: '192.0.2.99',
      port: 25,
      protocol: 'tcp',
    }),
    '{"seq":2,"ki',
  )
})
afterAll(() => place[Symbol.dispose]())

const policy = (...args: string[]) => place.exec(runwarden, ['policy', ...args])

describe('check', () => {
  test.for<[string, string[], number, string]>([
    [
      'a valid policy',
      ['policy.yml'],
      0,
      'policy.yml: valid; egress block, fail-mode closed, 3 allowed endpoints\n',
    ],
    [
      'with a block list',
      ['--block-list', 'list.json', 'policy.yml'],
      0,
      'policy.yml: valid; egress block, fail-mode closed, 3 allowed endpoints, 1 on the block list\n',
    ],
    [
      'a narrowed line and a switch',
      ['narrow.yml'],
      0,
      'narrow.yml: valid; egress block, fail-mode closed, 2 allowed endpoints\n',
    ],
    [
      'HTTPS rules',
      ['https.yml'],
      0,
      'https.yml: valid; egress block, fail-mode closed, 2 allowed endpoints\n',
    ],
  ])('%s', async ([, args, status, stdout]) => {
    expect(await policy('check', ...args)).toMatchObject({ status, stdout, stderr: '' })
  })

  test('--json', async () => {
    const { stdout, status } = await policy('check', '--json', 'narrow.yml')
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toEqual({
      file: 'narrow.yml',
      egress: 'block',
      failMode: 'closed',
      rules: [
        expect.objectContaining({ where: 'narrow.yml:4', text: 'registry.example.org:443' }),
        expect.objectContaining({ where: 'narrow.yml:5', only: 'steps deploy' }),
      ],
      blocked: 0,
      filesUnwatched: 'narrow.yml:7',
      warnings: [],
    })
  })
})

describe('explain', () => {
  test('which requests HTTPS rules allow, whatever other lines say', async () => {
    expect(await policy('explain', '--policy', 'https.yml', 'api.example.com')).toMatchObject({
      status: 0,
      stdout: `api.example.com:443: allowed
  allowed by https.yml:5 api.example.com:443
  only requests that an HTTPS rule of the host allows, whatever other lines say: https.yml:5 api.example.com:443 (GET /repos/**)
  unseen: allow: TLS that cannot be read passes
  where it leads to a private address (or another that is not the open internet's), that address needs a line, too: port 443
`,
    })
  })

  test.for<[string, number, string]>([
    [
      'registry.example.org',
      0,
      'registry.example.org:443: allowed\n  allowed by policy.yml:4 registry.example.org:443\n  where it leads to a private address',
    ],
    ['a.b.cdn.example.com', 0, 'allowed by policy.yml:5'],
    ['203.0.113.7:8050', 0, 'allowed by policy.yml:6'],
    ['registry.example.org:80', 1, 'registry.example.org:80: blocked'],
    ['other.example.org', 1, 'other.example.org:443: blocked'],
    ['evil.example.org', 1, 'attack-blocked\n  on the block list: known thief'],
  ])('%s', async ([endpoint, status, text]) => {
    expect(
      await policy('explain', '--policy', 'policy.yml', '--block-list', 'list.json', endpoint),
    ).toMatchObject({ status, stdout: expect.stringContaining(text), stderr: '' })
  })

  test('by the step that would connect', async () => {
    const ask = ['explain', '--policy', 'narrow.yml', '--step']
    expect(await policy(...ask, 'deploy', 'api.example.com')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('allowed by narrow.yml:5 api.example.com:443\n'),
    })
    expect(await policy(...ask, 'test', 'api.example.com')).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('allows it to steps deploy only\n'),
    })
  })

  test('several at once: 1 when one of them is refused; --json has one entry each', async () => {
    const { stdout, status } = await policy(
      'explain',
      '--policy',
      'policy.yml',
      '--json',
      'registry.example.org',
      'other.example.org',
    )
    expect(status).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject([
      { endpoint: 'registry.example.org:443', verdict: 'allowed' },
      { endpoint: 'other.example.org:443', verdict: 'blocked' },
    ])
  })
})

describe('simulate', () => {
  test('tells what a recorded run would have been refused', async () => {
    const { status, stdout } = await policy('simulate', '--policy', 'policy.yml', 'run')
    expect(stdout.split('\n')).toEqual([
      'blocked  192.0.2.99:25/tcp  2×  not in the policy',
      'not tried  registry.example.org:443  whether connections there ask for that name (TLS SNI, HTTP Host): no line of the policy of the time had it, and none was judged by it',
      'the run: 5 queries, attempts and requests, 2 of them would be refused',
      '',
    ])
    expect(status).toBe(1)
  })

  test('an IPv6 address stands in brackets before its port', async () => {
    const recorded = { kind: 'net.connect', execId: null, step: null, host: null, count: 1 }
    const to = {
      address: '2001:db8::66',
      port: 443,
      protocol: 'tcp',
      verdict: 'blocked',
      rule: null,
    }
    writeFileSync(place.at('six.ndjson'), JSON.stringify({ ...recorded, ...to }))
    const { stdout } = await policy('simulate', '--policy', 'policy.yml', 'six.ndjson')
    expect(stdout).toContain('blocked  [2001:db8::66]:443/tcp  1×  ')
  })

  test('0 when all of it would pass; an events file does as well as its folder', async () => {
    expect(await policy('simulate', '--policy', 'policy.yml', 'good')).toMatchObject({ status: 0 })
    expect(await policy('simulate', '--policy', 'policy.yml', 'good/events.ndjson')).toMatchObject({
      status: 0,
    })
  })

  test('several runs, --json', async () => {
    const { status, stdout } = await policy(
      'simulate',
      '--json',
      '--policy',
      'policy.yml',
      'run',
      'good',
    )
    expect(status).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ events: 7, refused: 2 })
  })
})

describe('125 and the place of the mistake', () => {
  test.for<[string[], string[]]>([
    [
      ['check', 'broken.yml'],
      ['broken.yml:2:', 'blok', 'block'],
    ],
    [
      ['check', 'none.yml'],
      ['none.yml', 'ENOENT'],
    ],
    [['check'], ['needs one file']],
    [['check', 'a.yml', 'b.yml'], ['needs one file']],
    [
      ['check', '--block-list', 'broken.json', 'policy.yml'],
      ['broken.json:1:', 'not a name'],
    ],
    [
      ['explain', '--policy', 'policy.yml', 'bad.example.org:99999'],
      ['bad.example.org:99999', '65535', 'bad.example.org:443'],
    ],
    [['explain', '--policy', 'policy.yml'], ['needs an endpoint']],
    [['explain', 'registry.example.org'], ['needs --policy FILE']],
    [['simulate', '--policy', 'policy.yml'], ['needs a recorded run']],
    [
      ['simulate', '--policy', 'policy.yml', 'nowhere'],
      ['nowhere', 'ENOENT'],
    ],
    [
      ['simulate', '--policy', 'policy.yml', 'cut'],
      ['cut/events.ndjson:2', 'not an event'],
    ],
    [
      ['chek', 'policy.yml'],
      ["'chek'", "'check'"],
    ],
    [
      ['check', '--jsn', 'policy.yml'],
      ["'--jsn'", '--json'],
    ],
  ])('policy %j', async ([args, texts]) => {
    const { status, stdout, stderr } = await policy(...args)
    for (const text of texts) expect(stderr).toContain(text)
    expect(stderr).not.toContain('    at ')
    expect({ status, stdout }).toEqual({ status: 125, stdout: '' })
  })
})
