import { connect, type Socket } from 'node:net'
import { answersQuery } from './answer.ts'
import type { DnsLimits, DnsServer, Exchange, Outcome, Upstream } from './contract.ts'
import { Deadlines } from './deadlines.ts'
import { frame, FrameReader } from './frames.ts'
import { type Query, writeQuery } from './query.ts'
import { randomShort } from './random.ts'

interface Waiting {
  id: number
  query: Query
  wire: Buffer
  server: DnsServer
  retried: boolean
  done: (outcome: Outcome) => void
}

/**
 * The upstream side of one client connection: one TCP connection to each server that its queries go to
 * (the one that it asked, and one that stands in for it), opened with the first query. Queries are pipelined, answers come in any order (RFC 7766). A server may
 * end a connection at any time; what it then owes is asked once more on a new one.
 */
export class TcpUpstream implements Upstream {
  unsolicited = 0
  readonly #waiting = new Map<number, Waiting>()
  readonly #deadlines: Deadlines<Waiting>
  readonly #sockets = new Map<string, Socket>()
  #closed = false

  constructor(limits: DnsLimits) {
    this.#deadlines = new Deadlines(limits.upstreamTimeout, (waiting) => {
      this.#finish(waiting, {
        failure: `${waiting.server.host} did not answer in ${limits.upstreamTimeout} ms`,
      })
    })
  }

  ask(query: Query, server: DnsServer, done: (outcome: Outcome) => void): Exchange {
    let id = randomShort()
    while (this.#waiting.has(id)) id = randomShort()
    const waiting: Waiting = {
      id,
      query,
      wire: frame(writeQuery(query, id)),
      server,
      retried: false,
      done,
    }
    this.#waiting.set(id, waiting)
    this.#deadlines.add(waiting)
    this.#send(waiting)
    // TCP repeats by itself.
    return { again: () => {} }
  }

  close(): void {
    this.#closed = true
    for (const socket of this.#sockets.values()) socket.destroy()
    const stranded = [...this.#waiting.values()]
    for (const waiting of stranded) this.#finish(waiting, { failure: 'the client has left' })
    this.#deadlines.close()
  }

  #send(waiting: Waiting): void {
    const { server, wire } = waiting
    const key = keyOf(server)
    const socket = this.#sockets.get(key) ?? this.#open(server, key)
    socket.write(wire)
  }

  #open(server: DnsServer, key: string): Socket {
    const socket = connect({ host: server.host, port: server.port, noDelay: true })
    this.#sockets.set(key, socket)
    const reader = new FrameReader()
    let reason = 'ended the connection'
    let answered = false
    socket.on('data', (chunk) => {
      for (const message of reader.push(chunk)) {
        answered = true
        this.#receive(message, key)
      }
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      reason = error.code ?? error.message
    })
    socket.on('close', () => {
      if (this.#sockets.get(key) === socket) this.#sockets.delete(key)
      if (!this.#closed) this.#lost(key, `${server.host}: ${reason}`, answered)
    })
    return socket
  }

  #receive(message: Buffer, from: string): void {
    const waiting = message.length < 12 ? undefined : this.#waiting.get(message.readUInt16BE(0))
    if (
      !waiting ||
      keyOf(waiting.server) !== from ||
      !answersQuery(message, waiting.query, waiting.id)
    ) {
      this.unsolicited++
      return
    }
    this.#finish(waiting, { answer: message })
  }

  #lost(key: string, failure: string, answered: boolean): void {
    const stranded = [...this.#waiting.values()].filter(({ server }) => keyOf(server) === key)
    for (const waiting of stranded) {
      if (answered && !waiting.retried) {
        waiting.retried = true
        this.#send(waiting)
      } else this.#finish(waiting, { failure })
    }
  }

  #finish(waiting: Waiting, outcome: Outcome): void {
    this.#waiting.delete(waiting.id)
    this.#deadlines.delete(waiting)
    waiting.done(outcome)
  }
}

function keyOf({ host, port }: DnsServer): string {
  return `${host}#${port}`
}
