import { once } from 'node:events'
import { createServer } from 'node:net'
import { symlinkSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Place } from './runwarden.ts'

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
