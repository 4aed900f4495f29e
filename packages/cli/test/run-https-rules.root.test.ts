import { writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { curl, HttpsRig, python, SENT_AGAIN_MS, url } from './https-rules-rig.ts'
import { httpsServer } from './https-server.ts'
import { environment, Place } from './runwarden.ts'

let rig: HttpsRig
beforeAll(async () => {
  rig = await HttpsRig.start()
}, 120_000)
afterAll(async () => rig[Symbol.asyncDispose]())

const head = (target: string, host = 'api.example.com'): string =>
  `GET ${target} HTTP/1.1\\r\\nHost: ${host}\\r\\n\\r\\n`

test.each([
  ['curl, HTTP/1.1', `${curl} --http1.1 ${url}/repos/acme/shop; ${curl} --http1.1 ${url}/evil`],
  ['curl, one connection', `${curl} --http1.1 ${url}/repos/acme/shop ${url}/evil`],
  [
    'node',
    `node -e 'fetch("${url}/repos/acme/shop").then((r) => r.text()).then(() => fetch("${url}/evil"))'`,
  ],
  [
    'python',
    python(`
c = http.client.HTTPSConnection("api.example.com")
c.request("GET", "/repos/acme/shop"); c.getresponse().read()
c.request("GET", "/evil"); c.getresponse().read()`),
  ],
  [
    'a head written byte by byte',
    python(`
tls = connect("api.example.com"); say(tls, "${head('/repos/acme/shop')}"); tls.recv(99)
for c in "${head('/evil')}": say(tls, c)
tls.recv(99)`),
  ],
  [
    'pipelined',
    python(`
tls = connect("api.example.com"); say(tls, "${head('/repos/acme/shop')}"); tls.recv(99)
say(tls, "${head('/repos/acme/shop')}${head('/evil')}"); tls.recv(99)`),
  ],
])(
  '%s: what is allowed arrives, what is not never does',
  async (_, command) => {
    const { arrived, told, events, stdout, stderr, report } = await rig.attempt(command)
    const found = events.flatMap((event) => (event.kind === 'detection' ? event.title : []))
    expect(found).toEqual(['GET api.example.com/evil was refused'])
    expect({ arrived: [...new Set(arrived)], stdout, stderr }).toMatchObject({
      arrived: ['GET api.example.com/repos/acme/shop'],
    })
    expect(told.at(-1)).toBe('blocked GET api.example.com/evil')
    expect(told[0]).toBe('allowed GET api.example.com/repos/acme/shop')
    // Pasted back it must not open what the rule has closed.
    expect(report.recommendedPolicy).toContain('\n  - { https: "api.example.com:443", ')
    expect(report.recommendedPolicy).not.toContain('- api.example.com')
  },
  120_000,
)

/** What a request is written as, with what is to be taken for it. */
const evasions = [
  ['dots', head('/repos/acme/../../evil')],
  ['escaped dots', head('/repos/acme/%2e%2e/%2E%2e/evil')],
  ['escaped slashes', head('/repos/acme/..%2f..%2fevil')],
  ['empty segments', head('/repos/acme//evil')],
  ['case', head('/REPOS/acme/shop')],
  ['a path in the query', head('/evil?/repos/acme/shop')],
  ['a fragment with dots', head('/repos/acme/x#/../../../evil')],
  ['another method', head('/repos/acme/shop').replace('GET', 'POST')],
  ['a method in small letters', head('/repos/acme/shop').replace('GET', 'get')],
  ['the target in absolute form', head('https://api.example.com/evil')],
  ['an absolute target of another host', head('https://api.example.com/evil', 'other.example.com')],
  ['a host in capitals, with dot and port', head('/evil', 'API.Example.com.:443')],
  [
    'a request behind a body',
    `GET /repos/acme/a HTTP/1.1\\r\\nHost: api.example.com\\r\\nContent-Length: 3\\r\\n\\r\\nabc${head('/evil')}`,
  ],
  [
    'a request behind a chunked body',
    `GET /repos/acme/a HTTP/1.1\\r\\nHost: api.example.com\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n3\\r\\nabc\\r\\n0\\r\\n\\r\\n${head('/evil')}`,
  ],
] as const

/** Of what cannot be read the bytes wait 20 s before they are given up. */
const unreadable = [
  [
    'a length and chunks',
    `GET /repos/acme/a HTTP/1.1\\r\\nHost: api.example.com\\r\\nContent-Length: 3\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\n${head('/evil')}`,
  ],
  [
    'two hosts',
    `GET /evil HTTP/1.1\\r\\nHost: other.example.com\\r\\nHost: api.example.com\\r\\n\\r\\n`,
  ],
  ['no host', 'GET /evil HTTP/1.0\\r\\n\\r\\n'],
  ['a length that is octal to some', head('/evil').replace('Host', 'Content-Length: 00\\r\\nHost')],
  ['a line that ends with a blank', head('/evil').replace('1.1', '1.1 ')],
  ['a host beside another target', head(`${url}/repos/acme/x`, 'secret.example.net')],
  ['another host than the SNI', head('/evil', 'other.example.com')],
  [
    'a line end without CR in a chunk extension',
    `GET /repos/acme/x HTTP/1.1\\r\\nHost: api.example.com\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n2;\\nxx\\r\\n45\\r\\n0\\r\\n\\r\\n${head('/evil')}0\\r\\n\\r\\n`,
  ],
  [
    'a length behind a line end without CR',
    `GET /repos/acme/x HTTP/1.1\\r\\nHost: api.example.com\\r\\nX: y\\nContent-Length: 64\\r\\n\\r\\n${head('/evil')}`,
  ],
  ['no HTTP', 'hello\\r\\nGET /evil'],
] as const

/** A program that says it, and waits for an answer. */
const saying = (text: string): string =>
  python(`
tls = connect("api.example.com")
say(tls, "${text}")
tls.settimeout(30)
tls.recv(99)`)

test('evasions, each by a process of its own: nothing arrives of any', async () => {
  const { arrived, events } = await rig.attempt(
    [
      ...evasions.map(([, text]) => saying(text)),
      // All at once.
      ...unreadable.map(([, text]) => `${saying(text)} &`),
      'wait',
    ].join('\n'),
  )
  expect(arrived).toEqual([])
  const refused = new Set(
    events.flatMap((event) =>
      'verdict' in event && event.verdict === 'blocked' ? event.execId : [],
    ),
  )
  const all = [...evasions, ...unreadable]
  const told = all.filter(([, text]) =>
    events.some(
      (event) =>
        event.kind === 'process.exec' &&
        event.argv.at(-1)?.includes(`say(tls, "${text}")`) === true &&
        refused.has(event.execId),
    ),
  )
  expect(told.map(([name]) => name)).toEqual(all.map(([name]) => name))
}, 300_000)

const curl1 = `${curl} --http1.1 --max-time 4`
/** 100 KB that are granted to it, and another request; `to`: not by a connection to the host that it asks. */
const granted = (to = url): string =>
  `head -c 100000 /dev/zero | ${curl1} -X GET --data-binary @- -H 'Expect:' -H 'Connection: close' -H 'Host: api.example.com' ${to}/repos/acme/shop --next -sS --max-time 4 -X DELETE`
/** A chunk, in one large write with its end, and another write, which is two requests where more of it is a chunk. */
const large = (end: string): string =>
  python(`
tls = connect("api.example.com")
fake = "GET /repos/acme/fake HTTP/1.1\\r\\nHost: api.example.com\\r\\nContent-Length: 400\\r\\nX-Pad: "
fake += "p" * (255 - len(fake) - 5) + "\\r\\n\\r\\n"
evil = "\\r\\n0\\r\\n\\r\\nDELETE /evil HTTP/1.1\\r\\nHost: api.example.com\\r\\nX-Pad: "
evil += "p" * (396 - len(evil)) + "\\r\\n\\r\\n"
first = "GET /repos/acme/shop HTTP/1.1\\r\\nHost: api.example.com\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n"
say(tls, first + "40000\\r\\n" + "a" * 0x40000 + "${end}")
say(tls, (fake + evil)["${end}".count("G"):]); tls.settimeout(4)
while tls.recv(99): pass`)

test('what was granted carries nothing that is not decided, and no chunk hides a request', async () => {
  const commands = [
    `${granted()} -H 'Content-Length: 00' ${url}/evil`,
    `${granted()} -H 'Host: x.example.org' ${url}/evil`,
    // That leaves nothing of what was granted, and this one all of it.
    `${granted('https://other.example.com')} -H 'Host: x.example.org' ${url}/evil`,
    `${curl1} -X DELETE -H 'Host: api.example.com' -H 'Content-Length: 00' https://other.example.com/evil`,
    large('\\r\\nff\\r\\nG'),
    large('\\r\\n0\\r\\n\\r\\n'),
  ]
  const { arrived, events } = await rig.attempt([...commands, ''].join(' &\n') + 'wait; true', {
    waitMs: SENT_AGAIN_MS,
  })
  expect(arrived.toSorted()).toEqual([
    'GET api.example.com/repos/acme/fake',
    ...Array(5).fill('GET api.example.com/repos/acme/shop'),
  ])
  const ended = events.filter(
    (event) => event.kind === 'http.request' && event.verdict === 'blocked',
  )
  expect(ended).toHaveLength(3)
}, 120_000)

/** Of the server's port, and for clients that have their connections led there. */
const http2Rules = (port: number): string => `
version: 1
egress: block
allow:
  - { https: api.github.com, methods: [GET], paths: ["/repos/acme/**"] }
  - { https: "api.github.com:${port}", methods: [GET], paths: ["/repos/acme/**"] }
`
const node2 = `"$NODE" -e '
  const session = require("node:http2").connect("https://api.github.com:" + process.env.PORT, {
    ca: require("node:fs").readFileSync(process.env.CURL_CA_BUNDLE),
    lookup: (_, options, done) => options.all ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4) })
  const get = (path, next) => session.request({ ":path": path }).resume().on("end", next)
  get("/repos/acme/shop", () => { get("/repos/acme/other", () => {}); get("/evil", () => {}) })'`
/** Frames by hand: a block in pieces, written one by one, and fields by HPACK's dynamic table. */
const frames2 = `python3 -c '
import os, socket, ssl
context = ssl._create_unverified_context(); context.set_alpn_protocols(["h2"])
tls = context.wrap_socket(socket.create_connection(("127.0.0.1", int(os.environ["PORT"])), 20), server_hostname="api.github.com")
def frame(kind, flags, stream, payload=b""): return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload
def field(name, value): return bytes([0x40, len(name)]) + name + bytes([len(value)]) + value
def ask(stream, block):
    tls.sendall(frame(1, 1, stream, block[:3]))
    tls.sendall(frame(9, 0, stream, block[3:9]))
    tls.sendall(frame(9, 4, stream, block[9:]))
    tls.recv(9999); tls.recv(9999)
tls.sendall(b"PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n" + frame(4, 0, 0))
ask(1, b"\\x87" + field(b":method", b"GET") + field(b":authority", b"api.github.com") + field(b":path", b"/repos/acme/shop"))
ask(3, b"\\x87\\xc0\\xbf\\xbe")
ask(5, b"\\x87\\xc0\\xbf\\x7e\\x05/evil")'`
const curl2 = 'curl -sS --http2 --connect-to "::127.0.0.1:$PORT" https://api.github.com'

test.each([
  ['node', node2],
  ['CONTINUATION and HPACK by hand', frames2],
  ['curl', `${curl2}/repos/acme/shop ${curl2.replace(/.* /, '')}/evil`],
])(
  'HTTP/2, %s: requests of one connection are decided one by one',
  async (_, command) => {
    using place = new Place()
    await using server = await httpsServer(place.path)
    writeFileSync(place.at('policy.yml'), http2Rules(server.port))
    const env = {
      ...environment,
      // Programs of this name are probed before the job begins.
      PATH: `${dirname(process.execPath)}:${environment.PATH}`,
      NODE: process.execPath,
      PORT: String(server.port),
      CURL_CA_BUNDLE: server.authority,
    }
    const args = ['--quiet', '--policy', place.at('policy.yml'), '--', 'bash', '-c', command]
    await place.run(args, { env })
    expect(server.requests[0]).toBe('GET /repos/acme/shop, 0 bytes')
    expect(server.requests.filter((line) => line.includes('evil'))).toEqual([])
    const last = place.eventsOf('http.request').at(-1)
    expect(last).toMatchObject({ verdict: 'blocked', path: '/evil', version: '2' })
  },
  120_000,
)

test('hosts without rules are asked for anything, by the same program', async () => {
  const other = 'https://other.example.com'
  const { arrived, told } = await rig.attempt(
    `${curl} ${other}/1; ${curl} ${other}/2 ${url}/repos/acme/3 ${other}/4 -X POST; ${curl} ${url}/evil`,
  )
  expect(arrived.map((line) => line.replace(/^\S+ /, ''))).toEqual([
    'other.example.com/1',
    'other.example.com/2',
  ])
  expect(told).toEqual([
    'allowed GET other.example.com/1',
    'allowed POST other.example.com/2',
    'blocked POST api.example.com/repos/acme/3',
    'blocked GET api.example.com/evil',
  ])
}, 120_000)

test('audit: nothing is held, and the request would be blocked; what is read is not told as unread', async () => {
  const { arrived, told, events } = await rig.attempt(
    `${curl} ${url}/evil; ${curl} -H 'Host: bucket.example.net' ${url}/a`,
    { egress: 'audit' },
  )
  expect(arrived).toEqual(['GET api.example.com/evil', 'GET bucket.example.net/a'])
  expect(told).toEqual(['would-block GET api.example.com/evil', 'allowed GET bucket.example.net/a'])
  expect(events.filter(({ kind }) => kind === 'http.opaque')).toEqual([])
}, 120_000)

test('rules of one port are for connections to that port, whatever port a request names', async () => {
  const allow = `  - { https: api.example.com, methods: [GET], paths: ["/repos/acme/**"] }
  - { https: "api.example.com:8443", methods: [POST], paths: ["/admin/**"] }
  - { https: api.example.com, methods: [PURGE, PROPFIND], paths: ["/repos/*"] }
  - { https: other.example.com, methods: [GET] }
  - other.example.com:8443
`
  const ask = `${curl} --http1.1`
  const { arrived, told, reasons } = await rig.attempt(
    [
      `${ask} -X POST ${url}/admin/evil`,
      `${ask} ${url}:8443/repos/acme/evil`,
      `${ask} -X POST https://other.example.com/evil`,
      `${ask} -X POST https://other.example.com:8443/plain`,
      `${ask} ${url}/repos/acme/1 ${url}/repos/acme/2`,
      `${ask} -X POST ${url}:8443/admin/1 ${url}:8443/admin/2`,
      // About chunks, and methods beyond the common ones, the kernel does not decide.
      `${ask} -X PURGE ${url}/repos/5; ${ask} -X PROPFIND ${url}/repos/6; ${ask} -X LOCK ${url}/repos/evil`,
      `${ask} -H 'Transfer-Encoding: chunked' -d 4 ${url}:8443/admin/4`,
      // What is granted to one process for one port leaves over no connection to another.
      python(`
def ask(port, line, host):
    tls = ssl.create_default_context().wrap_socket(socket.create_connection(("api.example.com", port), 20), server_hostname="api.example.com")
    tls.settimeout(6)
    say(tls, line + " HTTP/1.1\\r\\nHost: " + host + "\\r\\n\\r\\n")
    try: tls.recv(99)
    except OSError: pass
    return tls
kept = [ask(443, "GET /repos/acme/3", "api.example.com"), ask(8443, "POST /admin/3", "api.example.com:8443"),
    ask(443, "POST /admin/evil", "api.example.com:8443")]`),
      python(`
tls = ssl.create_default_context().wrap_socket(socket.create_connection(("api.example.com", 8443), 20), server_hostname="api.example.com")
tls.settimeout(6)
say(tls, "GET /repos/acme/evil HTTP/1.1\\r\\nHost: api.example.com\\r\\n\\r\\n")
tls.recv(99)`),
    ].join('\n'),
    { allow },
  )
  expect(arrived.toSorted()).toEqual([
    'GET api.example.com/repos/acme/1',
    'GET api.example.com/repos/acme/2',
    'GET api.example.com/repos/acme/3',
    'POST api.example.com:8443/admin/1',
    'POST api.example.com:8443/admin/2',
    'POST api.example.com:8443/admin/3',
    'POST api.example.com:8443/admin/4',
    'POST other.example.com:8443/plain',
    'PROPFIND api.example.com/repos/6',
    'PURGE api.example.com/repos/5',
  ])
  expect(told.filter((line) => line.startsWith('blocked'))).toEqual([
    'blocked POST api.example.com/admin/evil',
    'blocked GET api.example.com:8443/repos/acme/evil',
    'blocked POST other.example.com/evil',
    'blocked LOCK api.example.com/repos/evil',
  ])
  expect(reasons[1]).toMatch(/:8443 \(POST .*\); to allow it: { https: "api.example.com:8443",/)
}, 120_000)

/** Says a ClientHello by itself, and how many bytes the server answers. */
const hello = (name: string, to: string): string => `exec 3<>/dev/tcp/${to}/443
    printf '${escaped(clientHello(name))}' >&3
    timeout 20 head -c 1 <&3 | wc -c`
const unseen = hello('api.example.com', 'api.example.com')

test('a host that was never looked up is under its rules, too, where a line opens its address', async () => {
  const address = '198.51.100.30'
  const ask = (name: string, path: string, more = ''): string =>
    `${curl} -k --max-time 6 --http1.1 --resolve ${name}:443:${address} ${more} https://${name}${path}`
  const { arrived, stdout } = await rig.attempt(
    [
      `${ask('api.example.com', '/repos/acme/shop')} -o /dev/null ${url}/repos/acme/more`,
      ask('api.example.com', '/evil'),
      // Requests for another host, over connections that say one with rules.
      `${ask('api.example.com', '/evil', "-X DELETE -H 'Host: other.example.com'")} &`,
      `${ask('a.wild.example.com', '/evil', "-H 'Host: other.example.com'")} &`,
      `${ask('x-1.in.example.com', '/evil', "-H 'Host: other.example.com'")} &`,
      hello('api.example.com', address),
      hello('b.a.wild.example.com', address),
      hello('not.open.wild.example.com', address),
      // What has no rules is as open as the line says.
      hello('open.wild.example.com', address),
      hello('wild.example.com', address),
      `${curl} -k https://${address}/literal`,
      ask('other.example.com', '/plain', '-X POST'),
      'wait',
    ].join('\n'),
    {
      allow: `  - { https: api.example.com, methods: [GET], paths: ["/repos/acme/**"] }
  - { https: "*.wild.example.com", methods: [GET] }
  - { https: open.wild.example.com, unseen: allow }
  - { https: "x-*.in.example.com", methods: [GET] }
  - ${address}
`,
    },
  )
  expect(arrived).toEqual([
    'GET api.example.com/repos/acme/shop',
    'GET api.example.com/repos/acme/more',
    `GET ${address}/literal`,
    'POST other.example.com/plain',
  ])
  expect(stdout.trim().split(/\s+/)).toEqual(['0', '0', '0', '1', '1'])
}, 120_000)

test('TLS that is not seen is refused at its ClientHello', async () => {
  const { stdout, events } = await rig.attempt(unseen)
  expect(stdout.trim()).toBe('0')
  const refused = events.find(
    (event) => event.kind === 'net.connect' && event.verdict === 'blocked',
  )
  expect(refused).toMatchObject({
    host: 'api.example.com',
    reason: expect.stringContaining('unseen: allow'),
  })
}, 120_000)

test('unseen: allow lets TLS pass that is not read, and what is read is decided as ever', async () => {
  const allow = '  - { https: api.example.com, paths: [/repos/**], unseen: allow }\n'
  const { stdout, arrived } = await rig.attempt(
    `${unseen}; ${curl} ${url}/repos/acme/shop; ${curl} ${url}/evil`,
    { allow },
  )
  expect(stdout.trim()).toBe('1')
  expect(arrived).toEqual(['GET api.example.com/repos/acme/shop'])
}, 120_000)

test('another protocol behind an upgrade is ended at the first bytes of it', async () => {
  const { arrived, reasons } = await rig.attempt(
    python(`
tls = connect("api.example.com")
say(tls, "GET /repos/acme/switch HTTP/1.1\\r\\nHost: api.example.com\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\n\\r\\n")
print(tls.recv(99))
say(tls, "GET /evil HTTP/1.1\\r\\nHost: api.example.com\\r\\n\\r\\n")
tls.recv(99)`),
  )
  expect(arrived).toEqual(['GET api.example.com/repos/acme/switch'])
  expect(reasons.length).toBeGreaterThan(0)
}, 120_000)

function u16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 255])
}

/** Of TLS 1.2, with an SNI. */
function clientHello(name: string): Buffer {
  const text = Buffer.from(name)
  const sni = [u16(0), u16(text.length + 5), u16(text.length + 3), Buffer.from([0])]
  const extensions = Buffer.concat([...sni, u16(text.length), text])
  const start = [u16(0x0303), Buffer.alloc(33), u16(2), u16(0xc02f), Buffer.from([1, 0])]
  const body = Buffer.concat([...start, u16(extensions.length), extensions])
  const handshake = Buffer.concat([Buffer.from([1, 0]), u16(body.length), body])
  return Buffer.concat([Buffer.from([0x16, 3, 1]), u16(handshake.length), handshake])
}

function escaped(bytes: Buffer): string {
  return bytes.toString('hex').replace(/../g, (byte) => `\\x${byte}`)
}
