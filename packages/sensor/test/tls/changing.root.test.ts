import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Captured } from './captured.ts'

const system = '/usr/lib/x86_64-linux-gnu/libssl.so.3'

/** Waits in the scope until the file `go` is there, then posts. */
const waitingPost = `
import http.client, os, ssl, sys, time
context = ssl.create_default_context(cafile=os.environ['SSL_CERT_FILE'])
open('ready', 'w').close()
while not os.path.exists('go'): time.sleep(0.01)
connection = http.client.HTTPSConnection(sys.argv[1], context=context)
connection.request('POST', '/', sys.argv[2])
connection.getresponse().read()
`

async function until(met: () => boolean): Promise<void> {
  while (!met()) await new Promise((done) => setTimeout(done, 5))
}

/** A Captured whose programs take their libssl from a folder of their own, that nobody has looked at before. */
async function withOwnLibrary(): Promise<{
  seen: Captured
  library: string
  post: (body: string) => Promise<void>
}> {
  const seen = await Captured.start([])
  const folder = join(seen.folder, 'lib')
  mkdirSync(folder)
  const library = join(folder, 'libssl.so.3')
  copyFileSync(system, library)
  const post = async (body: string): Promise<void> => {
    const go = join(seen.folder, 'go')
    rmSync(go, { force: true })
    const uses = seen.uses.length
    const ending = seen.run(
      '/usr/bin/python3',
      ['-c', waitingPost, seen.url.replace('https://', ''), body],
      { LD_LIBRARY_PATH: folder },
    )
    await until(() => seen.uses.length > uses)
    writeFileSync(go, '')
    expect(await ending).toMatchObject({ status: 0, stderr: '' })
  }
  return { seen, library, post }
}

test('a library that nobody knew is seen from shortly after it is mapped, and how long that took is told', async () => {
  const { seen, library, post } = await withOwnLibrary()
  await using _ = seen
  await post('marker-unknown')
  expect(seen.text('sent')).toContain('marker-unknown')
  expect(seen.uses).toMatchObject([{ library: 'openssl', path: library }])
  expect(seen.uses[0]?.lateMs).toBeGreaterThan(0)
  await post('marker-known')
  expect(seen.text('sent')).toContain('marker-known')
  expect(seen.uses[1]?.lateMs).toBe(0)
})

test('a program that had ended before it was looked at is seen when it is next run', async () => {
  await using seen = await Captured.start([])
  const folder = join(seen.folder, 'bin')
  mkdirSync(folder)
  copyFileSync('/usr/bin/node', join(folder, 'node'))
  // Nobody can look at it meanwhile: this process is blocked until it has ended.
  const enter = `echo $$ > '${seen.cgroup}/cgroup.procs' && exec "$0" --version`
  expect(spawnSync('sh', ['-c', enter, join(folder, 'node')])).toMatchObject({ status: 0 })
  await until(() => seen.uses.length > 0)
  expect(seen.uses).toMatchObject([{ library: 'node', path: join(folder, 'node') }])
  expect(await seen.run(join(folder, 'node'), ['--version'])).toMatchObject({ status: 0 })
  await until(() => seen.uses.length > 1)
  expect(seen.uses[1]?.lateMs).toBe(0)
})

test('a program that cannot be looked into is told once', async () => {
  await using seen = await Captured.start([])
  const program = join(seen.folder, 'odd')
  const content = readFileSync('/usr/bin/true')
  // The number of sections, which nobody needs to run it.
  content.writeUInt16LE(5000, 60)
  writeFileSync(program, content, { mode: 0o755 })
  for (let i = 0; i < 3; i++) expect(await seen.run(program, [])).toMatchObject({ status: 0 })
  await until(() => seen.unseen.length > 0)
  expect(seen.unseen).toEqual([{ path: program, reason: '5000 sections' }])
})

test('a library that another one takes the place of is one more', async () => {
  const { seen, library, post } = await withOwnLibrary()
  await using _ = seen
  await post('marker-old')
  copyFileSync(system, `${library}.new`)
  renameSync(`${library}.new`, library)
  await post('marker-new')
  expect(seen.text('sent')).toMatch(/marker-old[^]*marker-new/)
})

test('a library that is written over is let go before anybody runs it, and looked at anew', async () => {
  const { seen, library, post } = await withOwnLibrary()
  await using _ = seen
  await post('marker-before')
  const probed = seen.capture.probed().length
  appendFileSync(library, 'more')
  await until(() => seen.capture.probed().length < probed)
  writeFileSync(library, Buffer.concat([readFileSync(system), Buffer.from('another')]))
  await post('marker-after')
  expect(seen.text('sent')).toMatch(/marker-before[^]*marker-after/)
})

test('a library that is deleted is seen as long as somebody runs it, and let go then', async () => {
  const { seen, library, post } = await withOwnLibrary()
  await using _ = seen
  const go = join(seen.folder, 'go')
  const first = seen.run(
    '/usr/bin/python3',
    ['-c', waitingPost, seen.url.replace('https://', ''), 'marker-deleted'],
    {
      LD_LIBRARY_PATH: join(seen.folder, 'lib'),
    },
  )
  await until(() => seen.uses.length > 0)
  rmSync(library)
  await new Promise((done) => setTimeout(done, 1500))
  expect(seen.capture.probed()).toHaveLength(1)
  writeFileSync(go, '')
  expect(await first).toMatchObject({ status: 0 })
  expect(seen.text('sent')).toContain('marker-deleted')
  await until(() => seen.capture.probed().length === 0)
  copyFileSync(system, library)
  await post('marker-again')
  expect(seen.text('sent')).toContain('marker-again')
})

/** No network: both sides of a session in memory, `a` the client. */
const memorySession = `
import os, ssl, subprocess, time
subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'k', '-out', 'c', '-subj', '/CN=a'], check=True, capture_output=True)
server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
server.load_cert_chain('c', 'k')
client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
a, b = client.wrap_bio(down, up), server.wrap_bio(up, down, server_side=True)
for i in range(4):
    for side in (a, b):
        try: side.do_handshake()
        except ssl.SSLWantReadError: pass
`

/** 64 MB, then `marker-late` when the file `go` is there. */
const flood = `${memorySession}
def exchange(data):
    a.write(data)
    got = 0
    while got < len(data): got += len(b.read(16384))
for i in range(2000): exchange(bytes(16384))
open('flooded', 'w').close()
while not os.path.exists('go'): time.sleep(0.01)
exchange(b'marker-late')
exchange(b'marker-later')
`

test('what does not fit the ring is counted, and the next chunk of its session says so', async () => {
  await using seen = await Captured.start()
  const ending = seen.run('/usr/bin/python3', ['-c', flood])
  // Blocks this process, as a busy machine would: the ring is not read meanwhile.
  while (!existsSync(join(seen.folder, 'flooded'))) spawnSync('sleep', ['0.05'])
  seen.capture.drain()
  const lost = seen.capture.lost().chunks
  expect(lost).toBeGreaterThan(0)
  const told = seen.chunks.reduce((sum, { size }) => sum + size, 0)
  expect(told + lost * 16384).toBe(4000 * 16384)
  writeFileSync(join(seen.folder, 'go'), '')
  expect(await ending).toMatchObject({ status: 0, stderr: '' })
  const late = seen.chunks.filter(({ data }) => data.includes('marker-late'))
  expect(late.map((chunk) => [chunk.direction, String(chunk.data), chunk.lost])).toEqual([
    ['sent', 'marker-late', true],
    ['received', 'marker-late', true],
    ['sent', 'marker-later', false],
    ['received', 'marker-later', false],
  ])
  expect(seen.capture.lost().chunks).toBe(lost)
})

const megabyte = 1 << 20
const end = 512

test.each([
  ['HTTP/1: the first 16 KiB, and its end', '', [16_384, end], [megabyte - end, end]],
  [
    'HTTP/2: the first 128 KiB, in parts, and its end',
    'PRI * HTTP/2.0',
    [...Array.from({ length: 8 }, () => 16_384), end],
    [...Array.from({ length: 7 }, () => 16_384), megabyte - 7 * 16_384 - end, end],
  ],
])(
  'of a call that moves much, all is counted and a part is kept. %s',
  async (_, first, kept, sizes) => {
    await using seen = await Captured.start()
    const program = `${memorySession}
a.write(b'${first || 'POST / HTTP/1.1'}')
a.write(bytes(${megabyte}))`
    expect(await seen.run('/usr/bin/python3', ['-c', program])).toMatchObject({ stderr: '' })
    const sent = seen.chunks.filter(({ direction }) => direction === 'sent').slice(1)
    expect(sent.map(({ data }) => data.length)).toEqual(kept)
    expect(sent.map(({ size }) => size)).toEqual(sizes)
  },
)

test('a child that has a session of its parent is told as itself', async () => {
  await using seen = await Captured.start()
  await seen.run('/usr/bin/python3', [
    '-c',
    `
import http.client, os, ssl
context = ssl.create_default_context(cafile=os.environ['SSL_CERT_FILE'])
connection = http.client.HTTPSConnection('${seen.url.replace('https://', '')}', context=context)
connection.connect()
if os.fork() == 0:
    connection.request('POST', '/', 'marker-child')
    connection.getresponse().read()
    os._exit(0)
os.wait()
os._exit(0)`,
  ])
  const [chunk] = seen.chunks
  expect(chunk?.execId).not.toBe(seen.uses[0]?.execId)
  expect(seen.text('sent')).toContain('marker-child')
})

test('500 requests at a time: each is seen, or counted as lost', async () => {
  await using seen = await Captured.start()
  const ended = await seen.run('node', [
    '--input-type=module',
    '-e',
    `
    await Promise.all(Array.from({ length: 500 }, async (_, i) => {
      const answer = await fetch('${seen.url}', { method: 'POST', body: 'marker-' + i + '.' })
      await answer.text()
    }))`,
  ])
  expect(ended).toMatchObject({ status: 0, stderr: '' })
  expect(seen.requests).toHaveLength(500)
  const sent = seen.text('sent')
  const missed = seen.requests.filter(({ body }) => !sent.includes(body))
  expect(missed.length).toBeLessThanOrEqual(seen.capture.lost().chunks)
  expect(seen.capture.lost()).toMatchObject({ calls: 0, data: 0, images: 0 })
})
