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
 * The upstream side of one client connection: one TCP connection to the server that it asked, opened
 * with its first query. Queries are pipelined, answers come in any order (RFC 7766). A server may
 * end a connection at any time; what it then owes is asked once more on a new one.
 */
export class TcpUpstream implements Upstream {
  unsolicited = 0
  readonly #waiting = new Map<number, Waiting>()
  readonly #deadlines: Deadlines<Waiting>
  #socket: Socket | null = null
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
    this.#socket?.destroy()
    const stranded = [...this.#waiting.values()]
    for (const waiting of stranded) this.#finish(waiting, { failure: 'the client has left' })
    this.#deadlines.close()
  }

  #send(waiting: Waiting): void {
    this.#socket ??= this.#open(waiting.server)
    this.#socket.write(waiting.wire)
  }

  #open(server: DnsServer): Socket {
    const socket = connect({ host: server.host, port: server.port, noDelay: true })
    const reader = new FrameReader()
    let reason = 'ended the connection'
    let answered = false
    socket.on('data', (chunk) => {
      for (const message of reader.push(chunk)) {
        answered = true
        this.#receive(message)
      }
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      reason = error.code ?? error.message
    })
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = null
      if (!this.#closed) this.#lost(`${server.host}: ${reason}`, answered)
    })
    return socket
  }

  #receive(message: Buffer): void {
    const waiting = message.length < 12 ? undefined : this.#waiting.get(message.readUInt16BE(0))
    if (!waiting || !answersQuery(message, waiting.query, waiting.id)) {
      this.unsolicited++
      return
    }
    this.#finish(waiting, { answer: message })
  }

  #lost(failure: string, answered: boolean): void {
    const stranded = [...this.#waiting.values()]
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
