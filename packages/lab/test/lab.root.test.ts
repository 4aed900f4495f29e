import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { resolvers, startLab, type Lab, type PacketRecord } from '../src/index.ts'

let lab: Lab

beforeAll(async () => {
  lab = await startLab({
    servers: [
      {
        name: ['good.example.com', 'also.example.com'],
        addresses: ['198.51.100.10', '2001:db8:1::10'],
        ports: { https: [443, 8443], http: 80, tcp: 9000, udp: 123, smtp: 25 },
      },
    ],
    records: {
      'alias.example.org': [{ type: 'CNAME', value: 'good.example.com' }],
      'big.example.net': Array.from({ length: 8 }, (_, index) => ({
        type: 'TXT' as const,
        value: String(index).repeat(200),
      })),
    },
  })
})
beforeEach(() => lab.internet.clear())
afterAll(() => lab[Symbol.asyncDispose]())

const sh = (script: string) => lab.runner.exec('bash', ['-c', script])

test.each([
  [
    'HTTPS by name over IPv4',
    '-4 https://good.example.com/a',
    'https 198.51.100.10 443 good.example.com GET /a',
  ],
  [
    'HTTPS by name over IPv6',
    '-6 https://good.example.com/a',
    'https 2001:db8:1::10 443 good.example.com GET /a',
  ],
  ['HTTPS by address', 'https://198.51.100.10:8443/', 'https 198.51.100.10 8443 null GET /'],
  [
    'HTTP through an alias',
    '-4 -d x=1 http://alias.example.org/b',
    'http 198.51.100.10 80 null POST /b x=1',
  ],
])('%s is served to curl and recorded', async (_, args, expected) => {
  const { status, stdout } = await sh(`curl -sS ${args}`)
  expect({ status, stdout }).toEqual({ status: 0, stdout: 'hello from the lab\n' })
  const records = await lab.internet.records()
  const told = records.map(({ service, address, port, sni, requests }) =>
    [
      service,
      address,
      port,
      String(sni),
      ...requests.map((one) => `${one.method} ${one.path} ${one.body}`.trim()),
    ].join(' '),
  )
  expect(told).toEqual([expected])
})

test('a client that does not trust the lab is in the record with the reason', async () => {
  await sh(`openssl s_client -connect 198.51.100.10:443 -servername good.example.com \\
    -verify_return_error -no-CAfile -no-CApath -no-CAstore </dev/null`)
  const [record, ...others] = await lab.internet.records()
  expect(others).toEqual([])
  expect(record).toMatchObject({ sni: 'good.example.com', requests: [], bytes: 0 })
  expect(record?.error).toMatch(/alert unknown ca/i)
})

test.each([
  ['TCP', 'exec 3<>/dev/tcp/198.51.100.10/9000; echo hi >&3; head -1 <&3'],
  ['TCP over IPv6', 'exec 3<>/dev/tcp/2001:db8:1::10/9000; echo hi >&3; head -1 <&3'],
  ['UDP', 'exec 3<>/dev/udp/198.51.100.10/123; echo hi >&3; head -c3 <&3'],
  ['UDP over IPv6', 'exec 3<>/dev/udp/2001:db8:1::10/123; echo hi >&3; head -c3 <&3'],
])('%s is echoed and recorded', async (_, script) => {
  expect(await sh(script)).toMatchObject({ status: 0, stdout: 'hi\n' })
  const [record, ...others] = await lab.internet.records()
  expect([others, record?.data.toString(), record?.bytes]).toEqual([[], 'hi\n', 3])
})

test('mail is taken and recorded', async () => {
  const said = String.raw`EHLO a\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\nhi\r\n.\r\nQUIT\r\n`
  const { stdout } = await sh(`exec 3<>/dev/tcp/198.51.100.10/25; printf '${said}' >&3; cat <&3`)
  expect(stdout.split('\r\n').map((line) => line.slice(0, 3))).toEqual([
    '220',
    '250',
    '250',
    '250',
    '354',
    '250',
    '221',
    '',
  ])
  const [record] = await lab.internet.records()
  expect(record?.data.toString()).toContain('\r\nhi\r\n.\r\n')
})

test.each(Object.values(resolvers))(
  'queries to %s are answered and recorded, UDP and TCP',
  async (server) => {
    const ask = `require('dns').promises`
    const script = `const r = new (${ask}.Resolver)(); r.setServers([${JSON.stringify(server)}])
    r.resolve4('good.example.com').then(async (a) => console.log(a, (await r.resolveTxt('big.example.net')).length))`
    const { stdout } = await lab.runner.exec('node', ['-e', script])
    expect(stdout).toBe("[ '198.51.100.10' ] 8\n")
    const queries = await lab.dns.queries()
    expect(
      queries.map(({ name, type, server, transport }) => [name, type, server, transport]),
    ).toEqual([
      ['good.example.com', 'A', server, 'udp'],
      ['big.example.net', 'TXT', server, 'udp'],
      // It was too large for a datagram.
      ['big.example.net', 'TXT', server, 'tcp'],
    ])
  },
)

test('names that the lab does not know do not exist', async () => {
  const script = `require('dns').promises.resolve4('registry.example.org').catch((e) => console.log(e.code))`
  expect((await lab.runner.exec('node', ['-e', script])).stdout).toBe('ENOTFOUND\n')
})

test('records of names can change while the lab runs', async () => {
  const look = 'getent ahostsv4 moving.example.com | cut -d" " -f1 | sort -u'
  await lab.dns.set({ 'moving.example.com': ['203.0.113.1'] })
  expect((await sh(look)).stdout).toBe('203.0.113.1\n')
  await lab.dns.set({ 'moving.example.com': ['203.0.113.2'] })
  expect((await sh(look)).stdout).toBe('203.0.113.2\n')
})

const to = (address: string) => (packets: PacketRecord[]) =>
  packets
    .filter((packet) => packet.to === address)
    .map(({ protocol, toPort, bytes }) => [protocol, toPort, bytes])

test.each([
  ['UDP to a closed port', 'echo hi >/dev/udp/203.0.113.7/99', '203.0.113.7', ['udp', 99, 3]],
  [
    'UDP to a closed port, IPv6',
    'echo hi >/dev/udp/2001:db8:7::7/99',
    '2001:db8:7::7',
    ['udp', 99, 3],
  ],
  ['TCP to a closed port', 'echo hi >/dev/tcp/203.0.113.7/99', '203.0.113.7', ['tcp', 99, 0]],
  [
    'a raw ICMP packet',
    `perl -MSocket -e 'socket(S, PF_INET, SOCK_RAW, 1) or die; send(S, "\\x08\\0\\0\\0hi", 0, sockaddr_in(0, inet_aton("203.0.113.7"))) or die'`,
    '203.0.113.7',
    ['icmp', null, 6],
  ],
  [
    'a packet of an unknown protocol',
    `perl -MSocket -e 'socket(S, PF_INET, SOCK_RAW, 253) or die; send(S, "hi", 0, sockaddr_in(0, inet_aton("8.8.8.8"))) or die'`,
    '8.8.8.8',
    ['ip-253', null, 2],
  ],
])(
  '%s is in the record of packets though no server has it',
  async (_, script, address, expected) => {
    await sh(script)
    expect(to(address)(await lab.internet.packets())).toEqual([expected])
    expect(await lab.internet.records()).toEqual([])
  },
)

test('a burst of datagrams is in the record whole', async () => {
  const script = `const s = require('dgram').createSocket('udp4'); let left = 20000
    const next = () => left-- ? s.send('x', 9, '203.0.113.9', next) : s.close(); next()`
  expect(await lab.runner.exec('node', ['-e', script])).toMatchObject({ status: 0 })
  expect((await lab.internet.packets()).filter((packet) => packet.toPort === 9).length).toBe(20_000)
})

test('programs on the runner get nothing of the environment of the test', async () => {
  process.env['LAB_TEST_SECRET'] = 'x'
  const { stdout } = await lab.runner.exec('env')
  expect(stdout).not.toContain('LAB_TEST_SECRET')
  expect(stdout).toContain(`HOME=${lab.runner.home}\n`)
})

test('a program on the runner has its input, output, status and signal', async () => {
  const cat = await lab.runner.exec('sh', ['-c', 'cat; echo no >&2; exit 7'], { input: 'in' })
  expect(cat).toEqual({ status: 7, signal: null, stdout: 'in', stderr: 'no\n' })
  expect(await lab.runner.exec('sh', ['-c', 'kill -9 $$'])).toMatchObject({
    status: null,
    signal: 'SIGKILL',
  })
})

test('a stub resolver on the runner asks the lab for it', async () => {
  await using stubbed = await startLab({
    stub: true,
    records: { 'a.example.com': ['203.0.113.1'] },
  })
  const { stdout } = await stubbed.runner.exec('sh', [
    '-c',
    'cat /etc/resolv.conf; getent hosts a.example.com',
  ])
  expect(stdout.split(/\s+/)).toEqual([
    'nameserver',
    '127.0.0.53',
    '203.0.113.1',
    'a.example.com',
    '',
  ])
  expect((await stubbed.dns.queries()).map(({ server }) => server)).toContain('192.0.2.53')
})
