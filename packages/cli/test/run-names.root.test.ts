import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { EventOf } from '@runwarden/events'
import { type Lab, startLab } from '@runwarden/lab'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Place, runwarden } from './runwarden.ts'

/** a.example.com and b.example.com, which are allowed, c.example.com, allowed on another port, and evil.example.com are served there. */
const SHARED = '198.51.100.20'
/** Only alone.example.com, which is allowed, and evil.example.com, which nobody can look up. */
const ALONE = '198.51.100.21'
const many = Array.from({ length: 50 }, (_, i) => `198.51.100.${i + 100}`)
const crowd = Array.from({ length: 12 }, (_, i) => `n${i}.crowd.example.com`)

const policy = `
version: 1
egress: block
allow:
  - a.example.com:1-65535
  - b.example.com:1-65535
  - c.example.com:25
  - alone.example.com:1-65535
  - many.example.com
  - chain.example.com
  - "*.wild.example.com"
  - "*.crowd.example.com"
  - six.example.com
  - two.example.com
  - endpoint: free.example.com
    names: unchecked
`

interface Case {
  name: string
  command: string
  /** Of what it says. */
  says: RegExp
  /** The event of its refusal: reason and host. */
  refused?: [reason: RegExp, host: string]
}

const curl = (words: string): string =>
  `curl -sS --max-time 60 -o /dev/null -w '%{http_code} %{http_version}' ${words}`
const openssl = (words: string): string =>
  `timeout 60 openssl s_client ${words} </dev/null 2>&1 | head -c 4000`
const python = (host: string, address: string): string => `python3 -c '
import socket, ssl
context = ssl.create_default_context()
context.check_hostname = False
tcp = socket.create_connection(("${address}", 443), 60)
try:
    print(context.wrap_socket(tcp, server_hostname=${host === '' ? 'None' : `"${host}"`}).version())
except OSError as error:
    print(type(error).__name__)'`
/** One connection, a request of each host in turn. */
const keepAlive = (...hosts: string[]): string => `node -e '
const http = require("node:http")
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
const get = (host) => new Promise((done) => http.get({ agent, host: "a.example.com", headers: { host } }, (answer) => {
  answer.resume()
  answer.on("end", () => done(answer.statusCode))
}).on("error", (error) => done(error.code)))
;(async () => { for (const host of ${JSON.stringify(hosts)}) console.log(await get(host)); agent.destroy() })()'`

const look = 'for name in a b c alone; do getent ahosts $name.example.com >/dev/null; done\n'
const server = (why: string): RegExp => new RegExp(`^${why} on an address of`)

const cases: Case[] = [
  { name: 'curl, TLS 1.3', command: curl('https://a.example.com/'), says: /^200 / },
  { name: 'curl, TLS 1.2', command: curl('--tls-max 1.2 https://b.example.com/'), says: /^200 / },
  { name: 'curl, HTTP', command: curl('http://a.example.com/'), says: /^200 / },
  { name: 'curl, HTTP/2', command: curl('-k https://two.example.com/'), says: /^200 2/ },
  { name: 'curl over IPv6', command: curl('https://six.example.com/'), says: /^200 / },
  { name: 'python', command: python('a.example.com', SHARED), says: /^TLSv1/ },
  {
    name: 'openssl',
    command: openssl(`-connect ${SHARED}:443 -servername b.example.com`),
    says: /verify return:1/,
  },
  { name: 'wildcard', command: curl('https://one.two.wild.example.com/'), says: /^200 / },
  { name: 'chain of 8', command: curl('https://chain.example.com/'), says: /^200 / },
  ...[0, 17, 49].map((i) => ({
    name: `address ${i} of 50`,
    command: `getent ahosts many.example.com >/dev/null; ${curl(`--resolve many.example.com:443:${many[i]} https://many.example.com/`)}`,
    says: /^200 /,
  })),
  {
    name: 'twelve names on one address',
    command: crowd.map((name) => curl(`https://${name}/`)).join('; '),
    says: /^(200 1\.1){12}$/,
  },
  {
    name: 'no SNI at a lone address',
    command: openssl(`-connect ${ALONE}:443 -noservername`),
    says: /verify return:1/,
  },
  {
    name: 'server speaks first at a lone address',
    command: `timeout 60 bash -c 'exec 3<>/dev/tcp/${ALONE}/22; head -c 7 <&3; echo SSH-2.0-x >&3; head -c 9 <&3'`,
    says: /SSH-2\.0/,
  },
  {
    name: 'two allowed hosts on one connection',
    command: keepAlive('a.example.com', 'b.example.com'),
    says: /^200\n200$/,
  },
  {
    name: 'a line that wants no look',
    command: `getent ahosts free.example.com >/dev/null; ${curl('--resolve evil.example.com:443:198.51.100.22 https://evil.example.com/')}`,
    says: /^200 /,
  },
  {
    name: 'curl to a neighbour',
    command: curl(`--resolve evil.example.com:443:${SHARED} https://evil.example.com/`),
    says: /abort|reset|000/,
    refused: [server('SNI evil.example.com'), 'evil.example.com'],
  },
  {
    name: 'curl to a neighbour, TLS 1.2, HTTP/1.1',
    command: curl(
      `--tls-max 1.2 --http1.1 --resolve evil.example.com:443:${ALONE} https://evil.example.com/`,
    ),
    says: /abort|reset|000/,
    refused: [server('SNI evil.example.com'), 'evil.example.com'],
  },
  {
    name: 'python to a neighbour',
    command: python('evil.example.com', SHARED),
    says: /Error/,
    refused: [server('SNI evil.example.com'), 'evil.example.com'],
  },
  {
    name: 'python without SNI',
    command: python('', SHARED),
    says: /Error/,
    refused: [/^it asked for no name/, ''],
  },
  {
    name: 'curl to the address',
    command: curl(`-k https://${SHARED}/`),
    says: /000/,
    refused: [/^it asked for no name/, ''],
  },
  {
    name: 'openssl without SNI',
    command: openssl(`-connect ${SHARED}:443 -noservername`),
    says: /error|abort|errno/i,
    refused: [/^it asked for no name/, ''],
  },
  {
    name: 'a host spoofed',
    command: curl('-H "Host: evil.example.com" http://a.example.com/'),
    says: /000/,
    refused: [server('HTTP Host evil.example.com'), 'evil.example.com'],
  },
  {
    name: 'two hosts',
    command: `python3 -c '
import socket
tcp = socket.create_connection(("${ALONE}", 80), 60)
tcp.sendall(b"GET / HTTP/1.1\\r\\nHost: alone.example.com\\r\\nHost: evil.example.com\\r\\n\\r\\n")
print(tcp.recv(9))' 2>&1`,
    says: /Aborted/,
    refused: [/ambiguous/, ''],
  },
  {
    name: 'a proxy',
    command: curl('-x http://alone.example.com:80 http://evil.example.com/'),
    says: /000/,
    refused: [server('HTTP Host evil.example.com'), 'evil.example.com'],
  },
  {
    name: 'a tunnel',
    command: curl('-x http://alone.example.com:80 https://evil.example.com/'),
    says: /000/,
    refused: [server('HTTP Host evil.example.com'), 'evil.example.com'],
  },
  {
    name: 'a second request',
    command: keepAlive('a.example.com', 'evil.example.com'),
    says: /^200\nE/,
    refused: [server('HTTP Host evil.example.com'), 'evil.example.com'],
  },
  {
    name: 'another protocol',
    command: `timeout 60 bash -c 'exec 3<>/dev/tcp/${SHARED}/22; head -c 7 <&3; echo SSH-2.0-x >&3; head -c 9 <&3 2>&1'`,
    says: /SSH-2\.0.*(abort|$)/is,
    refused: [/^neither TLS nor HTTP/, ''],
  },
  {
    name: 'QUIC',
    command: `bash -c 'exec 3<>/dev/udp/${SHARED}/443; echo initial >&3' 2>&1`,
    says: /not permitted/,
    refused: [/^QUIC/, ''],
  },
]

/** A server of HTTP/2 on the internet's side, with a certificate of its own. */
async function serveHttp2(): Promise<void> {
  const [key, cert] = [place.at('key.pem'), place.at('cert.pem')]
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      '/CN=two',
      '-keyout',
      key,
      '-out',
      cert,
    ],
    { stdio: 'ignore' },
  )
  const program = `const { readFileSync } = require('node:fs')
require('node:http2')
  .createSecureServer({ key: readFileSync('${key}'), cert: readFileSync('${cert}') }, (_, answer) => answer.end('2'))
  .listen(443, '198.51.100.26', () => console.log('open'))`
  http2 = spawn('nsenter', [
    '--net',
    `--target=${lab.internet.pid}`,
    process.execPath,
    '-e',
    program,
  ])
  await once(http2.stdout!, 'data')
}

let http2: ChildProcess | undefined
let place: Place
let lab: Lab
const said = new Map<string, string>()
const seconds = new Map<string, number>()
let refusals: EventOf<'net.connect'>[]

beforeAll(async () => {
  place = new Place()
  const ports = { https: 443, http: 80, tcp: 22 }
  const plain = { ports, greeting: 'SSH-2.0-lab\r\n' }
  lab = await startLab({
    servers: [
      {
        name: ['a.example.com', 'b.example.com', 'c.example.com', 'evil.example.com'],
        addresses: [SHARED],
        ...plain,
      },
      {
        name: 'alone.example.com',
        addresses: [ALONE],
        certificateFor: ['alone.example.com', 'evil.example.com'],
        ...plain,
      },
      {
        name: 'free.example.com',
        addresses: ['198.51.100.22'],
        certificateFor: ['evil.example.com'],
        ports: { https: 443 },
      },
      { name: 'many.example.com', addresses: many, ports: { https: 443 } },
      { name: 'six.example.com', addresses: ['2001:db8:1::20'], ports: { https: 443 } },
      {
        name: 'end.example.net',
        addresses: ['198.51.100.23'],
        certificateFor: ['chain.example.com'],
        ports: { https: 443 },
      },
      {
        name: 'one.two.wild.example.com',
        addresses: ['198.51.100.24'],
        certificateFor: ['*.two.wild.example.com'],
        ports: { https: 443 },
      },
      { name: 'two.example.com', addresses: ['198.51.100.26'], ports: { http: 80 } },
      { name: crowd, addresses: ['198.51.100.25'], ports: { https: 443 } },
    ],
    records: Object.fromEntries(
      Array.from({ length: 8 }, (_, i) => [
        i === 0 ? 'chain.example.com' : `c${i}.example.net`,
        [{ type: 'CNAME' as const, value: i === 7 ? 'end.example.net' : `c${i + 1}.example.net` }],
      ]),
    ),
  })
  await serveHttp2()
  const job = cases
    .map(({ command }, i) => `echo; echo "== ${i} $(date +%s)"\n{ ${command}\n} 2>&1`)
    .join('\n')
  writeFileSync(place.at('policy.yml'), policy)
  writeFileSync(
    place.at('job.sh'),
    `${look}${job}\necho; echo "== ${cases.length} $(date +%s)"\nexit 0\n`,
  )
  const ended = await lab.runner.exec(
    runwarden,
    ['run', '--policy', 'policy.yml', '--quiet', '--out', place.out, '--', 'bash', 'job.sh'],
    { cwd: place.path, timeout: 400_000 },
  )
  expect(ended, ended.stdout + ended.stderr).toMatchObject({ status: 0 })
  const parts = ended.stdout.split(/^== (\d+) (\d+)\n/m).slice(1)
  for (let at = 0; at + 5 <= parts.length; at += 3) {
    const { name } = cases[Number(parts[at])]!
    said.set(name, parts[at + 2]!.trim())
    seconds.set(name, Number(parts[at + 4]) - Number(parts[at + 1]))
  }
  refusals = place.eventsOf('net.connect').filter(({ verdict }) => verdict === 'blocked')
}, 600_000)
afterAll(async () => {
  http2?.kill()
  await lab[Symbol.asyncDispose]()
  place[Symbol.dispose]()
})

test.for(cases)('$name', ({ name, says, refused }) => {
  expect(said.get(name)).toMatch(says)
  // A refusal that nobody is told of waits for TCP's time-out, which is minutes.
  if (refused) expect(seconds.get(name)).toBeLessThan(30)
})

test('each refusal is told, with what was asked for, and nothing else was refused', () => {
  const expected = cases.flatMap(({ refused }) => (refused ? [refused] : []))
  expect(refusals.map(({ reason, host }) => `${host} ${reason}`)).toHaveLength(expected.length)
  for (const [i, [reason, host]] of expected.entries()) {
    expect(refusals[i]).toMatchObject({
      reason: expect.stringMatching(reason) as string,
      ...(host === '' ? {} : { host }),
    })
  }
})

test('nothing of what was refused arrived', async () => {
  const records = await lab.internet.records()
  expect(
    records.filter(({ sni, address }) => sni === 'evil.example.com' && address !== '198.51.100.22'),
  ).toEqual([])
  const hosts = records.flatMap(({ requests }) => requests.map(({ host }) => host))
  expect(hosts.filter((host) => host.startsWith('evil'))).toEqual(['evil.example.com'])
})
