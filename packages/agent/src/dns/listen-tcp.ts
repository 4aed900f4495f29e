import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { frame, FrameReader } from './frames.ts'
import type { Place, Seat } from './contract.ts'
import type { Relay } from './relay.ts'
import { TcpUpstream } from './upstream-tcp.ts'

/** Answers that a client has not taken yet; beyond, it is not read from. */
const UNSENT_BYTES = 256 * 1024

/** A listening socket with its connections; closing ends them all. */
export interface TcpListener {
  close(): void
}

/** Listens for queries over TCP (RFC 7766) on a loopback address. */
export async function listenTcp(relay: Relay, place: Place, seat: Seat): Promise<TcpListener> {
  const leaving = new Map<Socket, () => void>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const leave = serve(relay, place, socket)
    if (!leave) return
    leaving.set(socket, leave)
    socket.on('close', () => {
      leaving.delete(socket)
      leave()
    })
  })
  server.maxConnections = relay.limits.connections
  server.listen({ ...seat, backlog: 1024, ipv6Only: true })
  await once(server, 'listening')
  server.on('error', () => {})
  return {
    close() {
      server.close()
      for (const [socket, leave] of leaving) {
        leave()
        socket.destroy()
      }
    },
  }
}

/** Serves a connection. Returns what fails its queries under way; null when it is nobody's. */
function serve(relay: Relay, { netns, nearby }: Place, socket: Socket): (() => void) | null {
  socket.on('error', () => socket.destroy())
  const client = relay.find('tcp', socket.remoteAddress ?? '', socket.remotePort ?? 0, netns)
  if (!client) {
    socket.resetAndDestroy()
    return null
  }
  const { limits } = relay
  const reader = new FrameReader()
  const upstream = new TcpUpstream(limits)
  let pending = 0
  let ended = false
  const send = (answer: Buffer): void => {
    pending--
    if (socket.destroyed) return
    socket.write(frame(answer))
    if (ended && pending === 0) socket.end()
    if (pending < limits.pipelined && socket.writableLength < UNSENT_BYTES) socket.resume()
  }
  socket.setTimeout(limits.idle, () => {
    if (pending === 0) socket.destroy()
  })
  socket.on('drain', () => socket.resume())
  socket.on('data', (chunk) => {
    for (const message of reader.push(chunk)) {
      pending++
      if (!relay.receive(message, { client, protocol: 'tcp', upstream, nearby, key: null, send })) {
        // What sends responses or scraps to a server is no client.
        socket.resetAndDestroy()
        return
      }
    }
    if (pending >= limits.pipelined || socket.writableLength >= UNSENT_BYTES) socket.pause()
  })
  socket.on('end', () => {
    ended = true
    if (pending === 0) socket.end()
  })
  return () => {
    relay.stats.unsolicited += upstream.unsolicited
    upstream.unsolicited = 0
    upstream.close()
  }
}
