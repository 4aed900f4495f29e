import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { curl, HttpsRig, policyOf, url } from './https-rules-rig.ts'
import { Place, runwarden, until } from './runwarden.ts'

let rig: HttpsRig
beforeAll(async () => {
  rig = await HttpsRig.start()
}, 120_000)
afterAll(async () => rig[Symbol.asyncDispose]())

/** The job's program has no TLS library that is seen: it carries the bytes of one outside. */
const relay = `python3 -c '
import os, socket, threading
server = socket.socket(socket.AF_UNIX)
server.bind("relay")
server.listen()
def carry(a, b):
    try:
        while data := a.recv(65536): b.sendall(data)
    except OSError: pass
    for one in (a, b):
        try: one.shutdown(socket.SHUT_RDWR)
        except OSError: pass
while True:
    near = server.accept()[0]
    if os.path.exists("end"): break
    far = socket.create_connection(("api.example.com", 443), 20)
    for pair in ((near, far), (far, near)): threading.Thread(target=carry, args=pair, daemon=True).start()
'`

const size = 96 * 1024

/** @returns how curl ended outside, with an upload by the relay, and what of it arrived */
async function throughRelay(allow: string, seen: string) {
  using place = new Place()
  writeFileSync(place.at('policy.yml'), policyOf('block', allow))
  writeFileSync(place.at('job.sh'), `${relay}\n${seen}\ntrue`)
  writeFileSync(place.at('body'), 'x'.repeat(size))
  await rig.lab.internet.clear()
  const args = [
    'run',
    '--quiet',
    '--policy',
    'policy.yml',
    '--out',
    place.out,
    '--',
    'bash',
    'job.sh',
  ]
  const run = rig.lab.runner.spawn(runwarden, args, {
    cwd: place.path,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  await until(() => existsSync(place.at('relay')))
  const upload = ['-sS', '-m', '30', '--unix-socket', 'relay', '-T', 'body', `${url}/unseen`]
  const { status } = await rig.lab.runner.exec('curl', upload, { cwd: place.path })
  writeFileSync(place.at('end'), '')
  await rig.lab.runner.exec('curl', upload, { cwd: place.path })
  if (run.exitCode === null) await once(run, 'exit')
  const records = await rig.lab.internet.records()
  return {
    status,
    arrived: records.flatMap(({ requests, bytes }) =>
      requests.map(({ method, path }) => `${method} ${path}${bytes > size ? ', whole' : ''}`),
    ),
    destinations: place.report().destinations,
    opaque: place.eventsOf('http.opaque'),
  }
}

test('unseen: allow lets the whole of a connection pass that is not read, and tells it as opaque', async () => {
  const allow = '  - { https: api.example.com, paths: [/repos/**], unseen: allow }\n'
  const { status, arrived, opaque } = await throughRelay(
    allow,
    `${curl} ${url}/repos/acme/shop; ${curl} ${url}/evil`,
  )
  expect({ status, arrived }).toEqual({
    status: 0,
    arrived: ['PUT /unseen, whole', 'GET /repos/acme/shop'],
  })
  expect(opaque).toContainEqual(
    expect.objectContaining({ reason: 'no-library', host: 'api.example.com', connections: 1 }),
  )
}, 120_000)

test('without it nothing of such a connection leaves, and the line that would let it pass is told', async () => {
  const allow = '  - { https: api.example.com, paths: [/repos/**] }\n'
  const { status, arrived, destinations } = await throughRelay(
    allow,
    `${curl} ${url}/repos/acme/shop`,
  )
  expect(status).not.toBe(0)
  expect(arrived).toEqual(['GET /repos/acme/shop'])
  const refused = destinations.filter(({ verdict }) => verdict === 'blocked')
  expect(refused).toMatchObject([
    { host: 'api.example.com', reason: expect.stringContaining('unseen: allow') },
  ])
}, 120_000)
