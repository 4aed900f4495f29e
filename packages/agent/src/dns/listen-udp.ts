import type { Socket } from 'node:dgram'
import { once } from 'node:events'
import type { Relay } from './relay.ts'
import { openUdp } from './udp-socket.ts'
import type { UdpUpstreams } from './upstream-udp.ts'

/** Room for a burst of queries between two turns of the event loop; the kernel takes what it allows. */
const BUFFER_BYTES = 4 << 20

/** An answer that cannot be delivered is the client's loss, as on any network. */
function sent(): void {}

/** Listens for queries over UDP on a loopback address; resolves to the bound socket. */
export async function listenUdp(
  relay: Relay,
  upstream: UdpUpstreams,
  host: string,
  port: number,
): Promise<Socket> {
  const socket = openUdp(host.includes(':') ? 'udp6' : 'udp4')
  // Asked for first: as no name is looked up, it may be bound at once.
  const listening = once(socket, 'listening')
  socket.bind(port, host)
  await listening
  socket.setRecvBufferSize(BUFFER_BYTES)
  socket.on('error', sent)
  socket.on('message', (message, from) => {
    const client = relay.find('udp', from.address, from.port)
    if (!client) return
    relay.receive(message, {
      client,
      protocol: 'udp',
      upstream,
      // A port can be another process's a moment later.
      key: `${from.address} ${from.port} ${client.process?.tgid}`,
      send: (answer) => {
        socket.send(answer, 0, answer.length, from.port, from.address, sent)
      },
    })
  })
  return socket
}
