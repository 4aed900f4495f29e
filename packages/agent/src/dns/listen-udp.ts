import type { Socket } from 'node:dgram'
import { once } from 'node:events'
import type { Place, Seat } from './contract.ts'
import type { Relay } from './relay.ts'
import { openUdp } from './udp-socket.ts'

/** Room for a burst of queries between two turns of the event loop; the kernel takes what it allows. */
const BUFFER_BYTES = 4 << 20

/** An answer that cannot be delivered is the client's loss, as on any network. */
function sent(): void {}

/** Listens for queries over UDP on a loopback address; resolves to the bound socket. */
export async function listenUdp(relay: Relay, place: Place, seat: Seat): Promise<Socket> {
  const socket = openUdp(seat.host.includes(':') ? 'udp6' : 'udp4')
  // Asked for first: as no name is looked up, it may be bound at once.
  const listening = once(socket, 'listening')
  if ('fd' in seat) socket.bind({ fd: seat.fd })
  else socket.bind(seat.port, seat.host)
  await listening
  socket.setRecvBufferSize(BUFFER_BYTES)
  socket.on('error', sent)
  socket.on('message', (message, from) => {
    // Nothing can be sent there; a raw socket may say so.
    if (from.port === 0) return
    const client = relay.find('udp', from.address, from.port, place.netns)
    if (!client) return
    relay.receive(message, {
      client,
      protocol: 'udp',
      upstream: place.upstream,
      nearby: place.nearby,
      // A port can be another process's a moment later.
      key: `${place.netns} ${from.address} ${from.port} ${client.process?.tgid}`,
      send: (answer) => {
        socket.send(answer, 0, answer.length, from.port, from.address, sent)
      },
    })
  })
  return socket
}
