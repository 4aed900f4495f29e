import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { type Lab, startLab } from '@runwarden/lab'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { gitWith } from './git-libraries.ts'
import { Place, runwarden } from './runwarden.ts'

let lab: Lab
beforeAll(async () => {
  lab = await startLab({
    servers: [
      { name: 'files.example.org', addresses: ['198.51.100.10'], ports: { https: [443, 8443] } },
      { name: 'more.example.org', addresses: ['198.51.100.11'], ports: { https: 443, tcp: 22 } },
    ],
  })
})
afterAll(async () => {
  await lab[Symbol.asyncDispose]()
})

/** `ask(host, port)` by a TLS library that is seen, `hide(...)` by one that is not: a real hello, and what follows it. */
const python = `
import http.client, socket, ssl, time
def context():
    made = ssl.create_default_context()
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made
def ask(host, port=443):
    connection = http.client.HTTPSConnection(host, port, context=context())
    connection.request("GET", "/seen")
    connection.getresponse().read()
    return connection
def hide(host, port=443, size=4000, first=b""):
    out = ssl.MemoryBIO()
    tls = context().wrap_bio(ssl.MemoryBIO(), out, server_hostname=host)
    try: tls.do_handshake()
    except ssl.SSLWantReadError: pass
    with socket.create_connection((host, port)) as connection:
        connection.sendall(first + out.read())
        time.sleep(0.2)
        try: connection.sendall(b"\\x17\\x03\\x03" + size.to_bytes(2, "big") + b"x" * size)
        except OSError: pass
`

/** Runs a program of the job, and gives what was told as opaque, and what was read. */
async function told(script: string, start: { policy?: string; env?: Record<string, string> } = {}) {
  using place = new Place()
  const { policy = 'version: 1\negress: audit\n', env = {} } = start
  writeFileSync(place.at('job'), script)
  writeFileSync(place.at('policy.yml'), policy)
  const program = script.startsWith('#!/bin/sh') ? 'sh' : 'python3'
  const { status, stdout, stderr } = await lab.runner.exec(
    runwarden,
    ['run', '--quiet', '--policy', place.at('policy.yml'), '--out', place.out].concat(
      '--',
      program,
      place.at('job'),
    ),
    { env, timeout: 200_000 },
  )
  expect(status, stdout + stderr).toBe(0)
  const { opaque, http } = place.report()
  return {
    opaque: opaque
      .map(({ exe, host, reason, connections }) => `${exe} ${host}: ${connections} ${reason}`)
      .toSorted(),
    requests: http
      .map(({ method, host, path, count }) => `${method} ${host}${path} ${count}`)
      .toSorted(),
    bytes: opaque.reduce((sum, { bytesSent }) => sum + bytesSent, 0),
  }
}

const exe = expect.stringMatching(/^\/usr\/bin\/python3\.\d+ /)
const lines = (opaque: string[]): string[] => opaque.map((one) => one.replace(/^\S+ /, ''))

test('connections that were not read are counted by program and host, beside those to the same host that were', async () => {
  const { opaque, requests, bytes } = await told(`${python}
kept = [ask("files.example.org") for _ in range(3)]
for _ in range(4): hide("files.example.org")
hide("more.example.org", size=100)
`)
  expect(requests).toEqual(['GET files.example.org/seen 3'])
  expect(opaque).toEqual([exe, exe])
  expect(lines(opaque)).toEqual([
    'files.example.org: 4 no-library',
    'more.example.org: 1 no-library',
  ])
  expect(bytes).toBeGreaterThan(16_000)
}, 300_000)

test('connections that were opened and not used, or refused by a client, are no opaque traffic beside those that were', async () => {
  const { opaque, requests } = await told(`${python}
ask("files.example.org")
for _ in range(3): context().wrap_socket(socket.create_connection(("files.example.org", 443)), server_hostname="files.example.org").close()
try: ssl.create_default_context(cafile="/dev/null").wrap_socket(socket.create_connection(("files.example.org", 443)), server_hostname="files.example.org")
except ssl.SSLError: pass
except OSError: pass
`)
  expect([opaque, requests]).toEqual([[], ['GET files.example.org/seen 1']])
}, 300_000)

test.each([
  ['audit', 'version: 1\negress: audit\n'],
  [
    'block',
    'version: 1\negress: block\nallow: ["files.example.org:443", "files.example.org:8443", "more.example.org:22"]\n',
  ],
])(
  'TLS on another port than 443 is read, or counted (%s)',
  async (_, policy) => {
    const { opaque, requests } = await told(
      `${python}
ask("files.example.org", 8443)
hide("files.example.org", 8443)
hide("files.example.org", 8443, size=9000)
socket.create_connection(("more.example.org", 22)).sendall(b"SSH-2.0-x\\r\\n" + b"x" * 9000)
`,
      { policy },
    )
    expect(requests).toEqual(['GET files.example.org:8443/seen 1'])
    expect(lines(opaque)).toEqual(['files.example.org:8443: 2 no-library'])
  },
  300_000,
)

test('a client whose library is not read, on another port: NSS', async () => {
  using folder = new Place()
  const { opaque } = await told(
    '#!/bin/sh\ngit -c http.sslVerify=false ls-remote https://files.example.org:8443/a/b; true\n',
    { env: { LD_LIBRARY_PATH: gitWith('libcurl-nss.so.4', folder.at('nss')) } },
  )
  expect(opaque).toEqual(['/usr/lib/git-core/git-remote-http files.example.org:8443: 1 no-library'])
}, 300_000)

/** As PostgreSQL's: TLS begins when the server has agreed to it. */
const database = `${python.replace('import', 'import sys,')}
import subprocess
made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
made.load_cert_chain(sys.argv[1], sys.argv[2])
listener = socket.create_server(("127.0.0.1", 5432))
print("ready", flush=True)
while True:
    connection, _ = listener.accept()
    connection.recv(8)
    connection.sendall(b"S")
    tls = made.wrap_socket(connection, server_side=True)
    tls.recv(100)
    tls.sendall(b"R")
    tls.close()
`

test('TLS that begins behind other bytes is told by its library, on any port', async () => {
  using folder = new Place()
  const { cert, key } = await lab.issue(['db.example.org'])
  writeFileSync(folder.at('cert'), cert)
  writeFileSync(folder.at('key'), key)
  writeFileSync(folder.at('server.py'), database)
  const server = lab.runner.spawn('python3', [
    folder.at('server.py'),
    folder.at('cert'),
    folder.at('key'),
  ])
  try {
    if (server.stdout !== null) await once(server.stdout, 'data')
    const { opaque } = await told(`${python}
with socket.create_connection(("127.0.0.1", 5432)) as connection:
    connection.sendall(bytes([0, 0, 0, 8, 4, 210, 22, 47]))
    assert connection.recv(1) == b"S"
    tls = context().wrap_socket(connection, server_hostname="db.example.org")
    tls.sendall(b"\\0\\0\\0\\x08\\0\\3\\0\\0")
    assert tls.recv(1) == b"R"
`)
    expect(opaque).toEqual([expect.stringMatching(/python3\.\d+ 127\.0\.0\.1:5432: 1 not-http$/)])
  } finally {
    server.kill('SIGKILL')
  }
}, 300_000)
