import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:tls'
import { expect, test } from 'vitest'
import { startTlsCapture, type TlsChunk, type TlsEnd, type TlsUse } from '../../src/index.ts'

/** In a virtual machine: without certificates, by a key that both sides have. */
const preShared = `{ ciphers: 'PSK', maxVersion: 'TLSv1.2', minVersion: 'TLSv1.2' }`
const client = (port: number): string => `
  const socket = require('node:tls').connect({ ...${preShared}, port: ${port}, host: '127.0.0.1',
    checkServerIdentity: () => {}, pskCallback: () => ({ psk: Buffer.from('0123456789abcdef'), identity: 'a' }) })
  socket.on('secureConnect', () => socket.write('marker-node')).on('data', (data) => { console.log(String(data)); socket.destroy() })`

function cgroupRoot(): string {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n')
  return mounts.map((line) => line.split(' ')).find(([, , type]) => type === 'cgroup2')?.[1] ?? ''
}

/** What is seen of a program, by what it printed. */
async function seenOf(command: string, args: readonly string[]): Promise<Record<string, unknown>> {
  const cgroup = `${cgroupRoot()}/tls-${command.replaceAll('/', '-')}`
  mkdirSync(cgroup)
  const chunks: TlsChunk[] = []
  const ends: TlsEnd[] = []
  const uses: TlsUse[] = []
  using capture = startTlsCapture({
    scopeCgroup: cgroup,
    places: [command],
    onContent: (content) => {
      for (const one of content) {
        if ('goesOn' in one) continue
        if ('data' in one) chunks.push({ ...one, data: Buffer.from(one.data) })
        else ends.push(one)
      }
    },
    onUse: (use) => uses.push(use),
  })
  const child = spawn(
    'sh',
    ['-c', `echo $$ > ${cgroup}/cgroup.procs && exec "$@"`, 'sh', command, ...args],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  let stdout = ''
  child.stdout.on('data', (data) => (stdout += String(data)))
  await once(child, 'close')
  capture.drain()
  const { calls, data, images, chunks: lost } = capture.lost()
  return {
    stdout,
    told: chunks
      .map(({ direction, size, data: bytes }) => `${direction} ${size} ${String(bytes)}`)
      .sort(),
    libraries: [...new Set(chunks.map(({ library }) => library))],
    ended: ends.length > 0,
    late: uses.map(({ lateMs }) => lateMs).filter((ms) => ms > 0),
    lost: calls + data + images + lost,
  }
}

test('node is seen', async () => {
  const server = createServer({
    ciphers: 'PSK',
    maxVersion: 'TLSv1.2',
    pskCallback: () => Buffer.from('0123456789abcdef'),
  })
  server.on('secureConnection', (socket) => {
    socket.on('data', (data) => socket.end(`answer-${String(data)}`)).on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  expect(await seenOf(process.execPath, ['-e', client(port)])).toEqual({
    stdout: 'answer-marker-node\n',
    told: ['received 18 answer-marker-node', 'sent 11 marker-node'],
    libraries: ['node'],
    ended: true,
    late: [],
    lost: 0,
  })
  server.close()
})

test('a Go program is seen', async () => {
  expect(await seenOf('/go-alone', ['marker-go'])).toEqual({
    stdout: 'answer-marker-go\n',
    told: [
      'received 16 answer-marker-go',
      'received 9 marker-go',
      'sent 16 answer-marker-go',
      'sent 9 marker-go',
    ],
    libraries: ['go'],
    ended: true,
    late: [],
    lost: 0,
  })
})
