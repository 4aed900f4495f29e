import { execFileSync, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createSecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { Place, runwarden, gather } from './runwarden.ts'

/** In a virtual machine: the server and its name are there, too, on an address that only a lookup opens. */
const address = '198.51.100.30'
const host = 'api.example.com'
const policy = `version: 1
egress: block
allow:
  - https: ${host}
    methods: [GET, POST]
    paths: ["/repos/acme/**"]
`

/** The first asks by HTTP/1.1, then by HTTP/2, then for what is not allowed; emulated, each process takes seconds. */
const job = `
export SSL_CERT_FILE=/tls/cert.pem NODE_EXTRA_CA_CERTS=/tls/cert.pem
node -e '
  const two = () => {
    const session = require("node:http2").connect("https://${host}")
    const get = (path, next) => session.request({ ":path": path }).resume().on("end", next).end()
    get("/repos/acme/node-2", () => get("/evil", () => {}))
  }
  require("node:https").get("https://${host}/repos/acme/node-1", (answer) => answer.resume().on("end", two))'
export HTTP=1
/go-post https://${host}/repos/acme/go body
/go-post https://${host}/evil body
true`

/** Says the address to whoever asks for an A record. */
async function nameServer(): Promise<{ close(): void }> {
  const socket = createSocket('udp4')
  socket.on('message', (query, from) => {
    let end = 12
    while (query[end] !== 0) end += 1 + (query[end] ?? 0)
    end += 5
    const isA = query.readUInt16BE(end - 4) === 1
    const record = Buffer.from([
      0xc0,
      12,
      0,
      1,
      0,
      1,
      0,
      0,
      0,
      60,
      0,
      4,
      ...address.split('.').map(Number),
    ])
    const head = Buffer.from(query.subarray(0, end))
    head.writeUInt16BE(0x8180, 2)
    head.writeUInt16BE(Number(isA), 6)
    head.writeUInt16BE(0, 8)
    head.writeUInt16BE(0, 10)
    socket.send(isA ? Buffer.concat([head, record]) : head, from.port, from.address)
  })
  socket.bind(53, '127.0.0.1')
  await once(socket, 'listening')
  return socket
}

test('requests that a rule allows arrive, over HTTP/1.1 and HTTP/2, and others never do', async () => {
  execFileSync('ip', ['addr', 'add', `${address}/32`, 'dev', 'lo'])
  const resolvers = readFileSync('/etc/resolv.conf')
  writeFileSync('/etc/resolv.conf', 'nameserver 127.0.0.1\n')
  const names = await nameServer()
  const arrived: string[] = []
  const pair = { key: readFileSync('/tls/key.pem'), cert: readFileSync('/tls/cert.pem') }
  const server = createSecureServer({ ...pair, allowHTTP1: true }, (request, response) => {
    arrived.push(`${request.method} ${request.url} ${request.httpVersion}`)
    response.end('answer')
  })
  server.listen(443, address)
  await once(server, 'listening')
  expect((server.address() as AddressInfo).port).toBe(443)
  using place = new Place()
  writeFileSync(place.at('policy.yml'), policy)
  const args = [
    'run',
    '--quiet',
    '--policy',
    place.at('policy.yml'),
    '--out',
    place.out,
    '--',
    'sh',
    '-c',
    job,
  ]
  const ended = await gather(spawn(runwarden, args, { stdio: ['ignore', 'pipe', 'pipe'] }))
  names.close()
  server.close()
  writeFileSync('/etc/resolv.conf', resolvers)
  const told = place
    .eventsOf('http.request')
    .map(({ verdict, method, path, version }) => `${verdict} ${method} ${path} ${version}`)
  expect({ ...ended, arrived }).toMatchObject({
    status: 0,
    arrived: [
      'GET /repos/acme/node-1 1.1',
      'GET /repos/acme/node-2 2.0',
      'POST /repos/acme/go 1.1',
    ],
  })
  expect(told).toEqual([
    'allowed GET /repos/acme/node-1 1.1',
    'allowed GET /repos/acme/node-2 2',
    'blocked GET /evil 2',
    'allowed POST /repos/acme/go 1.1',
    'blocked POST /evil 1.1',
  ])
}, 300_000)
