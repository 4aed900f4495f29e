import type { Socket } from 'node:dgram'
import { listenTcp, type TcpListener } from './listen-tcp.ts'
import { listenUdp } from './listen-udp.ts'
import type { Place } from './contract.ts'
import { Outpost, type OutpostSockets } from './outpost.ts'
import { Relay, type RelayParts } from './relay.ts'
import { UdpUpstreams } from './upstream-udp.ts'

/** Ports that a proxy listens on; UDP and TCP share one. `port6` is null on a machine without IPv6. */
export interface ProxyPorts {
  port4: number
  port6: number | null
}

/** Tries to find one port that is free for both UDP and TCP. */
const ATTEMPTS = 16

interface Pair {
  port: number
  udp: Socket
  tcp: TcpListener
}

/** The proxy's sockets around one relay, in the thread that opens it. */
export class LocalProxy {
  readonly relay: Relay
  readonly ports: ProxyPorts
  readonly #upstream: UdpUpstreams
  readonly #pairs: Pair[]
  readonly #outposts = new Map<number, Outpost>()

  private constructor(relay: Relay, upstream: UdpUpstreams, pairs: [Pair, Pair | null]) {
    this.relay = relay
    this.#upstream = upstream
    this.#pairs = pairs.filter((pair) => pair !== null)
    this.ports = { port4: pairs[0].port, port6: pairs[1]?.port ?? null }
  }

  /** Listens on free ports of 127.0.0.1 and, where there is one, of ::1. */
  static async open(parts: RelayParts): Promise<LocalProxy> {
    const relay = new Relay(parts)
    const upstream = new UdpUpstreams(parts.limits)
    const place: Place = { netns: 0, upstream, nearby: null }
    const four = await listenBoth(relay, place, '127.0.0.1')
    const six = await listenBoth(relay, place, '::1').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT') return null
      throw error
    })
    return new LocalProxy(relay, upstream, [four, six])
  }

  stats(): Relay['stats'] {
    return {
      ...this.relay.stats,
      unsolicited: this.relay.stats.unsolicited + this.#upstream.unsolicited,
    }
  }

  /** Serves sockets in another network namespace, too. */
  async serve(sockets: OutpostSockets): Promise<void> {
    this.#outposts.set(sockets.namespace, await Outpost.open(this.relay, this.#upstream, sockets))
  }

  /** Ends that. */
  leave(namespace: number): void {
    this.#outposts.get(namespace)?.close()
    this.#outposts.delete(namespace)
  }

  /** Ends it. Queries under way fail, and are on record when it returns. */
  close(): void {
    const pairs = this.#pairs.splice(0)
    for (const namespace of this.#outposts.keys()) this.leave(namespace)
    this.#upstream.close()
    for (const { tcp } of pairs) tcp.close()
    this.relay.flush()
    for (const { udp } of pairs) udp.close()
  }
}

async function listenBoth(relay: Relay, place: Place, host: string): Promise<Pair> {
  for (let left = ATTEMPTS; ; left--) {
    const udp = await listenUdp(relay, place, { host, port: 0 })
    const { port } = udp.address()
    try {
      return { port, udp, tcp: await listenTcp(relay, place, { host, port }) }
    } catch (error) {
      udp.close()
      if (left === 0 || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    }
  }
}
