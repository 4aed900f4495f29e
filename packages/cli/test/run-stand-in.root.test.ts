import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { startLab } from '@runwarden/lab'
import { Place, runwarden } from './runwarden.ts'

test('a socket that was made before the run is not handed in', async () => {
  using place = new Place()
  const heard: string[] = []
  const server = createServer((socket) => socket.on('data', (data) => heard.push(data.toString())))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const script = 'exec 9<>/dev/tcp/127.0.0.1/$0; echo before >&9; "$@"'
  const leak = 'echo leak >&9 && echo leaked'
  const guarded = [
    'run',
    '--quiet',
    '--egress',
    'block',
    '--out',
    place.out,
    '--',
    'bash',
    '-c',
    leak,
  ]
  const ended = await place.exec('bash', ['-c', script, String(port), runwarden, ...guarded])
  server.close()
  expect(ended.stdout).not.toContain('leaked')
  expect(heard.join('')).toBe('before\n')
})

test('nobody in the scope answers in place of a resolver on this machine', async () => {
  await using lab = await startLab({ nameservers: ['127.0.0.1'] })
  using place = new Place()
  place.compile('bind53')
  const run = (mode: string) =>
    lab.runner.exec(runwarden, [
      'run',
      '--egress',
      mode,
      '--out',
      place.out,
      '--quiet',
      '--',
      place.at('bind53'),
    ])
  const blocked = await run('block')
  expect(blocked.stdout).toBe('udp 127.0.0.1: EPERM\ntcp 127.0.0.1: EPERM\nudp ::1: EPERM\n')
  expect(
    place.eventsOf('net.connect').map(({ verdict, port, via }) => ({ verdict, port, via })),
  ).toContainEqual({
    verdict: 'blocked',
    port: 53,
    via: 'socket',
  })
  const audited = await run('audit')
  expect(audited.stdout).toBe('udp 127.0.0.1: ok\ntcp 127.0.0.1: ok\nudp ::1: ok\n')
})
