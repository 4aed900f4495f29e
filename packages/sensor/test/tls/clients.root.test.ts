import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildGo, Captured } from './captured.ts'

const folder = mkdtempSync(join(tmpdir(), 'runwarden-tls-clients-'))
let goClient: string
beforeAll(() => {
  goClient = buildGo(folder, 'post')
}, 600_000)
afterAll(() => rmSync(folder, { recursive: true }))

const nodePost = (url: string, bodies: readonly string[]): string => `
  for (const body of ${JSON.stringify(bodies)})
    console.log(await (await fetch('${url}', { method: 'POST', body })).text())`
const nodeHttp2 = (url: string, bodies: readonly string[]): string => `
  import { connect } from 'node:http2'
  const session = connect('${url}')
  await Promise.all(${JSON.stringify(bodies)}.map((body) => new Promise((done) => {
    const request = session.request({ ':method': 'POST', ':path': '/' })
    request.resume().on('end', done).end(body)
  })))
  session.close()`
const pythonPost = (url: string, bodies: readonly string[]): string => `
import http.client, ssl, os
host = '${url}'.removeprefix('https://')
connection = http.client.HTTPSConnection(host, context=ssl.create_default_context(cafile=os.environ['SSL_CERT_FILE']))
for body in ${JSON.stringify(bodies)}:
    connection.request('POST', '/', body)
    print(connection.getresponse().read())`

/** By name: the library that is to be seen, HTTP's version, the command. */
type Client = readonly [
  name: string,
  library: string,
  version: string,
  command: (
    url: string,
    bodies: readonly string[],
    authority: string,
  ) => [string, string[], Record<string, string>?],
]

const clients: readonly Client[] = [
  [
    'curl, HTTP/1.1',
    'openssl',
    '1.1',
    (url, bodies) => [
      'curl',
      [
        '-sS',
        '--http1.1',
        ...bodies.flatMap((body, i) => [
          ...(i ? ['--next', '-sS', '--http1.1'] : []),
          '-d',
          body,
          url,
        ]),
      ],
    ],
  ],
  [
    'curl, HTTP/2',
    'openssl',
    '2.0',
    (url, bodies) => [
      'curl',
      [
        '-sS',
        '--http2',
        ...bodies.flatMap((body, i) => [
          ...(i ? ['--next', '-sS', '--http2'] : []),
          '-d',
          body,
          url,
        ]),
      ],
    ],
  ],
  [
    'python',
    'openssl',
    '1.1',
    (url, bodies) => ['/usr/bin/python3', ['-c', pythonPost(url, bodies)]],
  ],
  [
    'node, HTTP/1.1',
    'node',
    '1.1',
    (url, bodies) => ['node', ['--input-type=module', '-e', nodePost(url, bodies)]],
  ],
  [
    'node, HTTP/2',
    'node',
    '2.0',
    (url, bodies) => ['node', ['--input-type=module', '-e', nodeHttp2(url, bodies)]],
  ],
  [
    'wget',
    'gnutls',
    '1.1',
    (url, bodies, authority) => [
      'sh',
      [
        '-c',
        bodies
          .map((body) => `wget -q -O- --ca-certificate=${authority} --post-data=${body} ${url}`)
          .join(' && '),
      ],
    ],
  ],
  [
    'Go, static and stripped, HTTP/1.1',
    'go',
    '1.1',
    (url, bodies) => [goClient, [url, ...bodies], { HTTP: '1' }],
  ],
  [
    'Go, static and stripped, HTTP/2',
    'go',
    '2.0',
    (url, bodies) => [goClient, [url, ...bodies], { HTTP: '2' }],
  ],
]

describe.each(clients)('%s', (_, library, version, command) => {
  test('what it sends and receives is seen, all of it', async () => {
    await using seen = await Captured.start(_.startsWith('Go') ? [goClient] : undefined)
    const bodies = Array.from({ length: 5 }, (__, i) => `marker-${i}-${'x'.repeat(i * 20)}`)
    const ended = await seen.run(...command(seen.url, bodies, seen.authority))
    expect(ended).toMatchObject({ status: 0, stderr: '' })
    expect(seen.requests.map((request) => request.body).sort()).toEqual(bodies)
    expect(new Set(seen.requests.map((request) => request.version))).toEqual(new Set([version]))
    const [sent, received] = [seen.text('sent'), seen.text('received')]
    for (const body of bodies) {
      expect(sent).toContain(body)
      expect(received).toContain(`answer-${body}`)
    }
    expect(new Set(seen.chunks.map((chunk) => chunk.library))).toEqual(new Set([library]))
    expect(seen.chunks.every(({ data, size, lost }) => data.length === size && !lost)).toBe(true)
    expect(seen.uses.find((use) => use.library === library)?.lateMs).toBe(0)
    expect(seen.capture.lost()).toEqual({ chunks: 0, images: 0, calls: 0, data: 0, offers: 0 })
  })
})

test('git: the path that it asks for is seen', async () => {
  await using seen = await Captured.start()
  await seen.run('git', ['-c', 'http.version=HTTP/1.1', 'ls-remote', `${seen.url}/marker.git`])
  expect(seen.requests[0]?.path).toBe('/marker.git/info/refs?service=git-upload-pack')
  expect(seen.text('sent')).toContain('GET /marker.git/info/refs?service=git-upload-pack HTTP/1.1')
  expect(new Set(seen.chunks.map((chunk) => chunk.library))).toEqual(new Set(['gnutls']))
})

test('nothing is seen of programs outside of the scope', async () => {
  await using seen = await Captured.start()
  await using other = await Captured.start()
  await other.run('curl', ['-sS', '-d', 'marker-other', other.url])
  seen.capture.drain()
  expect(other.text('sent')).toContain('marker-other')
  expect({ chunks: seen.chunks, uses: seen.uses }).toEqual({ chunks: [], uses: [] })
})
