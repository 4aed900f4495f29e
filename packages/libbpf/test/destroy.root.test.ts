import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { constants } from 'node:os'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { destroyTcpSocket, type TcpSocket } from '../src/index.ts'

const mapped = (...bytes: number[]): Buffer =>
  Buffer.concat([Buffer.alloc(10), Buffer.from([0xff, 0xff]), Buffer.from(bytes)])

let stack: DisposableStack
beforeEach(() => (stack = new DisposableStack()))
afterEach(() => stack.dispose())

/** A connection of this process over loopback: the client, and what names it. INET_DIAG_NOCOOKIE: any. */
async function connection(host: string): Promise<{ client: Socket; socket: TcpSocket }> {
  const server = createServer((peer) => peer.on('error', () => {}))
  server.listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = connect(port, host)
  await once(client, 'connect')
  stack.defer(() => {
    client.destroy()
    server.close()
  })
  const address =
    host === '::1' ? Buffer.from('00000000000000000000000000000001', 'hex') : mapped(127, 0, 0, 1)
  return {
    client,
    socket: {
      source: address,
      sourcePort: client.localPort ?? 0,
      destination: address,
      destinationPort: port,
      device: 0,
      cookie: 0xffff_ffff_ffff_ffffn,
    },
  }
}

test.each(['127.0.0.1', '::1'])('a socket to %s ends with ECONNABORTED', async (host) => {
  const { client, socket } = await connection(host)
  const error = once(client, 'error')
  expect(destroyTcpSocket(process.pid, socket)).toBe(0)
  expect((await error)[0]).toMatchObject({ code: 'ECONNABORTED' })
})

test('a socket with another cookie stays, and so does one that is not there', async () => {
  const { client, socket } = await connection('127.0.0.1')
  expect(destroyTcpSocket(process.pid, { ...socket, cookie: 1n })).toBe(constants.errno.ENOENT)
  expect(destroyTcpSocket(process.pid, { ...socket, sourcePort: 1 })).toBe(constants.errno.ENOENT)
  expect(client.destroyed).toBe(false)
})

test('a process that has ended is none, and its sockets are looked for here', async () => {
  const { client, socket } = await connection('127.0.0.1')
  const error = once(client, 'error')
  expect(destroyTcpSocket(0x7fff_fff0, socket)).toBe(0)
  expect((await error)[0]).toMatchObject({ code: 'ECONNABORTED' })
})
