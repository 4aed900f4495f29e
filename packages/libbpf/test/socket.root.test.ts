import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { bindIn, peerCredentials } from '../src/index.ts'

const nobody = 65534

/** The descriptor of a connection, of which node tells nothing to the public. */
function descriptorOf(socket: Socket): number {
  return (socket as Socket & { _handle: { fd: number } })._handle.fd
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'libbpf-socket-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  chmodSync(path, 0o755)
  return path
}

async function connection(server: Server): Promise<Socket> {
  const [socket] = (await once(server, 'connection')) as [Socket]
  onTestFinished(() => void socket.destroy())
  return socket
}

test('a connected Unix socket tells its process, of another user too', async () => {
  const dir = folder()
  const server = createServer().listen(join(dir, 'sock'))
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  chmodSync(join(dir, 'sock'), 0o666)
  cpSync(process.execPath, join(dir, 'node'))
  const client: ChildProcess = spawn(
    join(dir, 'node'),
    ['-e', 'require("node:net").connect("sock")'],
    { cwd: dir, uid: nobody, gid: nobody, stdio: 'ignore' },
  )
  onTestFinished(() => void client.kill())
  const socket = await connection(server)
  expect(peerCredentials(descriptorOf(socket))).toEqual({
    pid: client.pid,
    uid: nobody,
    gid: nobody,
  })
})

test('a TCP socket has no process at its other end', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const client = new Socket().connect(port, '127.0.0.1')
  onTestFinished(() => void client.destroy())
  const socket = await connection(server)
  expect(() => peerCredentials(descriptorOf(socket))).toThrow(
    expect.objectContaining({ code: 'BPF_PEER', step: 'socket' }) as Error,
  )
})

test('a port that is taken can be bound by nobody, however often it is tried', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  for (let i = 0; i < 2_000; i++)
    expect(() => bindIn('/proc/self/ns/net', 'tcp', '127.0.0.1', port)).toThrow(
      expect.objectContaining({ code: 'BPF_BIND' }) as Error,
    )
})
