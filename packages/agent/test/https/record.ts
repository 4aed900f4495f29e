import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import http2 from 'node:http2'
import { connect, createServer as createTcp, type AddressInfo, type Server } from 'node:net'
import type { TlsChunk } from '@runwarden/sensor'

export type Piece = Pick<TlsChunk, 'direction' | 'data' | 'size' | 'time' | 'lost'>

/** What passes between a client and a server, as the calls of a TLS library would show it to the client. */
export class Tap {
  readonly connections: Piece[][] = []
  private readonly server: Server

  private constructor(port: number) {
    this.server = createTcp((client) => {
      const pieces: Piece[] = []
      this.connections.push(pieces)
      const upstream = connect(port, '127.0.0.1')
      const tap =
        (direction: 'sent' | 'received') =>
        (data: Buffer): void => {
          pieces.push({ direction, data, size: data.length, time: pieces.length + 1, lost: false })
        }
      client.on('data', tap('sent')).pipe(upstream)
      upstream.on('data', tap('received')).pipe(client)
      for (const socket of [client, upstream]) socket.on('error', () => {})
    })
  }

  /** A tap in front of a server that listens on `port` of the loopback. */
  static async before(port: number): Promise<Tap> {
    const tap = new Tap(port)
    await once(tap.server.listen(0, '127.0.0.1'), 'listening')
    return tap
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.close()
    await once(this.server, 'close')
  }
}

export interface Listening extends AsyncDisposable {
  port: number
}

/** An HTTP/1.1 server of Node. */
export async function http1Server(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Listening> {
  const server = createServer(answer)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** An HTTP/2 server of Node, without TLS. */
export async function http2Server(
  answer: (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void,
): Promise<Listening> {
  const server = http2.createServer({ maxSessionMemory: 1000 })
  server.on('stream', (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
    stream.on('error', () => {})
    answer(stream, headers)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close()
      await once(server, 'close')
    },
  }
}
