import { once } from 'node:events'
import { createServer } from 'node:net'
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { environment, Place, runwarden, until, gather } from './runwarden.ts'

/** What answers on an engine's socket, outside of the scope. */
async function listen(path: string) {
  const server = createServer((socket) => socket.end('HTTP/1.0 200 OK\r\n\r\nversion\n'))
  server.listen(path)
  await once(server, 'listening')
  return { [Symbol.dispose]: () => server.close() }
}

test('orders to a container engine outside of the scope are told, by whatever way it is reached', async () => {
  using place = new Place()
  using _ = await listen(place.at('docker.sock'))
  symlinkSync('docker.sock', place.at('other'))
  const ended = await place.run([
    '--quiet',
    '--',
    'curl',
    '-sS',
    '--unix-socket',
    'other',
    'http://engine/version',
  ])
  expect(ended).toMatchObject({ status: 0, stdout: 'version\n' })
  const found = place.report().detections.filter(({ id }) => id === 'container-engine-used')
  expect(found).toEqual([
    expect.objectContaining({
      severity: 'high',
      text: expect.stringContaining(`/usr/bin/curl: connect(${place.at('docker.sock')})`),
    }),
  ])
  const event = place.eventsOf('sandbox.change').find(({ change }) => change === 'engine')
  expect(event).toMatchObject({ targetPid: process.pid, truth: 'kernel' })
})

test('an engine in the scope is under its policy, and no finding; other sockets are none either', async () => {
  using place = new Place()
  using _ = await listen(place.at('database.sock'))
  const script = `socat UNIX-LISTEN:podman.sock,fork EXEC:'echo version' & until [ -S podman.sock ]; do sleep 0.1; done
    socat - UNIX-CONNECT:podman.sock </dev/null; curl -sS --unix-socket database.sock http://database/; kill $!`
  const ended = await place.run(['--quiet', '--', 'sh', '-c', script])
  expect(ended.stdout).toBe('version\nversion\n')
  expect(place.report().detections.filter(({ id }) => id === 'container-engine-used')).toEqual([])
})

test.each([
  ['has an engine’s name', 'docker.sock', 'socat'],
  ['has no engine’s name, and an engine behind it', 'late', 'dockerd'],
])(
  'an engine’s socket that %s, made after the start, for everybody, answers no job that engines are taken from',
  async (_, name, program) => {
    using place = new Place()
    chmodSync(place.path, 0o755)
    mkdirSync(place.at('open'))
    chmodSync(place.at('open'), 0o777)
    writeFileSync(place.at('policy.yml'), 'version: 1\ndisable-sudo-and-containers: true\n')
    const socket = place.at('open', name)
    const script = `touch open/ready; until [ -S ${socket} ] && [ -w ${socket} ]; do sleep 0.1; done
      echo order | socat -t5 - UNIX-CONNECT:${socket}; echo "ended with $?"
      perl -e 'exit(syscall(425, 1, my $p = "\\0" x 120) < 0 ? $! : 0)'; echo "io_uring: $?"`
    const command = [
      '--user',
      'nobody',
      '--policy',
      place.at('policy.yml'),
      '--',
      'sh',
      '-c',
      script,
    ]
    const run = place.spawn(runwarden, ['run', '--quiet', '--out', place.out, ...command])
    const said = gather(run)
    await Promise.race([until(() => existsSync(place.at('open/ready'))), said])
    const engine = place.spawn(
      place.copyProgram('/usr/bin/socat', program),
      [`UNIX-LISTEN:${socket},fork,mode=666`, `OPEN:${place.at('orders')},creat,append`],
      { env: environment, stdio: 'ignore' },
    )
    try {
      expect(await said).toMatchObject({ status: 0, stdout: 'ended with 137\nio_uring: 1\n' })
    } finally {
      engine.kill()
    }
    // The connection was made, and nothing came over it.
    expect(readFileSync(place.at('orders'), 'utf8')).toBe('')
    const found = place.report().detections.filter(({ id }) => id.startsWith('container-engine'))
    expect(found).toEqual([
      expect.objectContaining({
        id: 'container-engine-reached',
        severity: 'critical',
        text: expect.stringContaining(`connect(${socket}), and was ended`),
      }),
    ])
  },
)

test('an engine that listens without a path, since the start, is told, and answers no job that engines are taken from', async () => {
  using place = new Place()
  chmodSync(place.path, 0o755)
  mkdirSync(place.at('open'))
  chmodSync(place.at('open'), 0o777)
  writeFileSync(place.at('policy.yml'), 'version: 1\ndisable-sudo: true\n')
  const name = `late-${process.pid}`
  const script = `touch open/ready; until grep -q @${name} /proc/net/unix; do sleep 0.1; done
    echo order | socat -t5 - ABSTRACT-CONNECT:${name}; echo "ended with $?"`
  const settings = ['--quiet', '--out', place.out, '--policy', place.at('policy.yml')]
  const command = ['--user', 'nobody', '--', 'sh', '-c', script]
  const run = place.spawn(runwarden, ['run', ...settings, ...command])
  const said = gather(run)
  await Promise.race([until(() => existsSync(place.at('open/ready'))), said])
  const engine = place.spawn(
    place.copyProgram('/usr/bin/socat', 'dockerd'),
    [`ABSTRACT-LISTEN:${name},fork`, `OPEN:${place.at('orders')},creat,append`],
    { env: environment, stdio: 'ignore' },
  )
  try {
    expect(await said).toMatchObject({ status: 0, stdout: 'ended with 137\n' })
  } finally {
    engine.kill()
  }
  expect(readFileSync(place.at('orders'), 'utf8')).toBe('')
  const found = place.report().detections.filter(({ id }) => id.startsWith('container-engine'))
  expect(found).toEqual([
    expect.objectContaining({
      id: 'container-engine-reached',
      text: expect.stringContaining(`connect(@${name}), and was ended`),
    }),
  ])
  const event = place.eventsOf('sandbox.change').find(({ change }) => change === 'engine')
  expect(event).toMatchObject({ truth: 'kernel' })
})
