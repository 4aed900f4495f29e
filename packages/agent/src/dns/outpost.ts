import { closeSync } from 'node:fs'
import type { Socket } from 'node:dgram'
import { bindIn, BpfError, netnsCookie } from '@runwarden/libbpf'
import type { Place, Upstream } from './contract.ts'
import { listenTcp, type TcpListener } from './listen-tcp.ts'
import { listenUdp } from './listen-udp.ts'
import type { ProxyPorts } from './proxy.ts'
import type { Relay } from './relay.ts'
import { openUdp } from './udp-socket.ts'
import { UdpUpstreams } from './upstream-udp.ts'

/** Descriptors of the proxy's sockets in another network namespace. */
export interface OutpostSockets {
  /** Of the namespace itself. */
  namespace: number
  /** As the kernel side names it: half of its cookie. */
  netns: number
  pairs: { host: string; udp: number; tcp: number }[]
}

/**
 * Makes sockets in another network namespace: on the same ports of its loopback, where the kernel leads queries
 * to. What comes to them waits until they are served. A socket stays in the namespace that it was made in.
 * @param namespace a descriptor of it, open as long as they are used
 * @throws BpfError
 */
export function bindOutpost(namespace: number, { port4, port6 }: ProxyPorts): OutpostSockets {
  const path = `/proc/self/fd/${namespace}`
  const pairs: OutpostSockets['pairs'] = []
  const bind = (host: string, port: number): void => {
    const udp = bindIn(path, 'udp', host, port)
    pairs.push({ host, udp, tcp: -1 })
    pairs[pairs.length - 1] = { host, udp, tcp: bindIn(path, 'tcp', host, port) }
  }
  try {
    bind('127.0.0.1', port4)
    if (port6 !== null) bind('::1', port6)
  } catch (error) {
    const noIpv6 =
      error instanceof BpfError && ['EAFNOSUPPORT', 'EADDRNOTAVAIL'].includes(error.errnoName)
    if (pairs.length !== 1 || pairs[0]?.tcp === -1 || !noIpv6) {
      for (const { udp, tcp } of pairs) for (const fd of [udp, tcp]) if (fd >= 0) closeSync(fd)
      throw error
    }
  }
  const netns = Number(BigInt.asUintN(32, netnsCookie(pairs[0]?.udp ?? -1)))
  return { namespace, netns, pairs }
}

/** Serves such sockets, in the proxy's thread. */
export class Outpost {
  readonly #nearby: UdpUpstreams
  readonly #udp: Socket[] = []
  readonly #tcp: TcpListener[] = []

  private constructor(nearby: UdpUpstreams) {
    this.#nearby = nearby
  }

  /** @param sockets are its own from here on, but for the namespace's descriptor */
  static async open(relay: Relay, upstream: Upstream, sockets: OutpostSockets): Promise<Outpost> {
    const path = `/proc/self/fd/${sockets.namespace}`
    const nearby = new UdpUpstreams(relay.limits, (type) => {
      const fd = bindIn(path, 'udp', type === 'udp6' ? '::' : '0.0.0.0', 0)
      return openUdp(type).bind({ fd })
    })
    const outpost = new Outpost(nearby)
    const place: Place = { netns: sockets.netns, upstream, nearby }
    try {
      for (const { host, udp, tcp } of sockets.pairs) {
        outpost.#udp.push(await listenUdp(relay, place, { fd: udp, host }))
        outpost.#tcp.push(await listenTcp(relay, place, { fd: tcp, host }))
      }
    } catch (error) {
      outpost.close()
      throw error
    }
    return outpost
  }

  close(): void {
    this.#nearby.close()
    for (const tcp of this.#tcp) tcp.close()
    for (const udp of this.#udp) udp.close()
  }
}
