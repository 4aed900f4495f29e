import type { RemoteInfo, Socket } from 'node:dgram'
import { answersQuery } from './answer.ts'
import type { DnsLimits, DnsServer, Exchange, Outcome, Upstream } from './contract.ts'
import { Deadlines } from './deadlines.ts'
import { type Query, writeQuery } from './query.ts'
import { randomIndex, randomShort } from './random.ts'
import { openUdp } from './udp-socket.ts'

/** Queries that one socket carries before it gives way to one with another source port. */
const USES = 1000

interface Waiting {
  id: number
  query: Query
  wire: Buffer
  socket: PoolSocket
  done: (outcome: Outcome) => void
}

/**
 * One socket, connected to its server: the kernel drops datagrams from anywhere else, and tells of
 * ICMP errors. Its source port is random (bound to port 0), each query's id is random.
 */
class PoolSocket {
  readonly waiting = new Map<number, Waiting>()
  readonly server: DnsServer
  uses = 0
  #unsent: Buffer[] | null = []
  #retired = false
  closed = false
  readonly #socket: Socket
  readonly #owner: UdpUpstreams

  constructor(owner: UdpUpstreams, server: DnsServer) {
    this.#owner = owner
    this.server = server
    this.#socket = owner.open(server.host.includes(':') ? 'udp6' : 'udp4')
    this.#socket.on('message', (message, from) => this.#receive(message, from))
    this.#socket.on('error', (error) => this.#fail(error))
    // By event: with a callback its errors would not come as 'error'.
    this.#socket.once('connect', () => {
      const unsent = this.#unsent ?? []
      this.#unsent = null
      for (const wire of unsent) this.send(wire)
    })
    this.#socket.connect(server.port, server.host)
  }

  send(wire: Buffer): void {
    if (this.#unsent) this.#unsent.push(wire)
    else if (!this.closed) this.#socket.send(wire, this.#sent)
  }

  /** Closes it as soon as nothing waits on it. */
  retire(): void {
    this.#retired = true
    this.release()
  }

  release(): void {
    if (!this.#retired || this.closed || this.waiting.size > 0) return
    this.closed = true
    this.#socket.close()
  }

  readonly #sent = (error: Error | null): void => {
    if (error) this.#fail(error)
  }

  #receive(message: Buffer, from: RemoteInfo): void {
    const waiting = message.length < 12 ? undefined : this.waiting.get(message.readUInt16BE(0))
    if (
      !waiting ||
      from.port !== this.server.port ||
      !answersQuery(message, waiting.query, waiting.id)
    ) {
      this.#owner.unsolicited++
      return
    }
    this.#owner.finish(waiting, { answer: message })
  }

  /** An error of a connected socket is about its one server: whoever waits on it need not wait on. */
  #fail(error: Error): void {
    const code = (error as NodeJS.ErrnoException).code ?? error.message
    // A datagram that is too big, or a full queue, says nothing about the server.
    if (code === 'EMSGSIZE' || code === 'ENOBUFS' || code === 'EAGAIN') return
    this.#owner.replace(this)
    const stranded = [...this.waiting.values()]
    for (const waiting of stranded)
      this.#owner.finish(waiting, { failure: `${this.server.host}: ${code}` })
    this.retire()
  }
}

/** Sockets to the servers that were asked lately, a few for each. */
export class UdpUpstreams implements Upstream {
  /** Datagrams that answered nothing. */
  unsolicited = 0
  readonly open: (type: 'udp4' | 'udp6') => Socket
  readonly #limits: DnsLimits
  readonly #pools = new Map<string, (PoolSocket | undefined)[]>()
  readonly #deadlines: Deadlines<Waiting>

  /** @param open makes a socket that is yet to be connected */
  constructor(limits: DnsLimits, open = openUdp) {
    this.#limits = limits
    this.open = open
    this.#deadlines = new Deadlines(limits.upstreamTimeout, (waiting) =>
      this.finish(waiting, {
        failure: `${waiting.socket.server.host} did not answer in ${limits.upstreamTimeout} ms`,
      }),
    )
  }

  ask(query: Query, server: DnsServer, done: (outcome: Outcome) => void): Exchange {
    const socket = this.#socketFor(server)
    let id = randomShort()
    while (socket.waiting.has(id)) id = randomShort()
    const waiting: Waiting = { id, query, wire: writeQuery(query, id), socket, done }
    socket.waiting.set(id, waiting)
    this.#deadlines.add(waiting)
    if (socket.closed) this.finish(waiting, { failure: 'no socket could be opened' })
    else socket.send(waiting.wire)
    return {
      again: () => {
        if (socket.waiting.get(id) === waiting) socket.send(waiting.wire)
      },
    }
  }

  finish(waiting: Waiting, outcome: Outcome): void {
    waiting.socket.waiting.delete(waiting.id)
    this.#deadlines.delete(waiting)
    waiting.socket.release()
    waiting.done(outcome)
  }

  /** Takes a socket out of its pool, so that the next query opens another. */
  replace(socket: PoolSocket): void {
    for (const pool of this.#pools.values()) {
      const index = pool.indexOf(socket)
      if (index >= 0) pool[index] = undefined
    }
  }

  /** Fails what is under way, and closes every socket. */
  close(): void {
    for (const waiting of this.#deadlines.items())
      this.finish(waiting, { failure: 'the proxy has ended' })
    for (const pool of this.#pools.values()) this.#drop(pool)
    this.#pools.clear()
    this.#deadlines.close()
  }

  #socketFor(server: DnsServer): PoolSocket {
    const key = `${server.host}#${server.port}`
    let pool = this.#pools.get(key)
    if (pool) this.#pools.delete(key)
    else pool = Array.from({ length: this.#limits.socketsPerServer })
    this.#pools.set(key, pool)
    if (this.#pools.size > this.#limits.servers) {
      const [oldest, sockets] = this.#pools.entries().next().value!
      this.#pools.delete(oldest)
      this.#drop(sockets)
    }
    const index = randomIndex(pool.length)
    let socket = pool[index]
    if (socket && ++socket.uses > USES) {
      socket.retire()
      socket = undefined
    }
    socket ??= new PoolSocket(this, server)
    pool[index] = socket.closed ? undefined : socket
    return socket
  }

  /** Ends a pool; what waits on it fails. */
  #drop(pool: (PoolSocket | undefined)[]): void {
    for (const socket of pool) {
      if (!socket) continue
      const stranded = [...socket.waiting.values()]
      for (const waiting of stranded)
        this.finish(waiting, { failure: `${socket.server.host}: given up` })
      socket.retire()
    }
  }
}
