import type { Socket } from 'node:dgram'
import { bindIn, BpfError, netnsCookie } from '@runwarden/libbpf'
import type { Place, Seat, Upstream } from './contract.ts'
import { listenTcp, type TcpListener } from './listen-tcp.ts'
import { listenUdp } from './listen-udp.ts'
import type { ProxyPorts } from './proxy.ts'
import type { Relay } from './relay.ts'
import { openUdp } from './udp-socket.ts'
import { UdpUpstreams } from './upstream-udp.ts'

/**
 * The proxy's sockets in another network namespace: on the same ports of its loopback, where the kernel
 * leads queries to. A socket stays in the namespace that it was made in.
 */
export class Outpost {
  readonly #nearby: UdpUpstreams
  readonly #udp: Socket[] = []
  readonly #tcp: TcpListener[] = []

  private constructor(nearby: UdpUpstreams) {
    this.#nearby = nearby
  }

  /** @param namespace a descriptor of it, open as long as the outpost */
  static async open(
    relay: Relay,
    upstream: Upstream,
    namespace: number,
    { port4, port6 }: ProxyPorts,
  ): Promise<Outpost> {
    const path = `/proc/self/fd/${namespace}`
    const nearby = new UdpUpstreams(relay.limits, (type) =>
      openUdp(type).bind({ fd: bindIn(path, 'udp', type === 'udp6' ? '::' : '0.0.0.0', 0) }),
    )
    const outpost = new Outpost(nearby)
    const udp = bindIn(path, 'udp', '127.0.0.1', port4)
    const place: Place = { netns: Number(BigInt.asUintN(32, netnsCookie(udp))), upstream, nearby }
    try {
      await outpost.#listen(relay, place, path, { fd: udp, host: '127.0.0.1' }, port4)
      const six = port6 === null ? null : bindIpv6(path, port6)
      if (port6 !== null && six !== null)
        await outpost.#listen(relay, place, path, { fd: six, host: '::1' }, port6)
    } catch (error) {
      outpost.close()
      throw error
    }
    return outpost
  }

  async #listen(relay: Relay, place: Place, path: string, udp: Seat, port: number): Promise<void> {
    const { host } = udp
    this.#udp.push(await listenUdp(relay, place, udp))
    const tcp = bindIn(path, 'tcp', host, port)
    this.#tcp.push(await listenTcp(relay, place, { fd: tcp, host }))
  }

  close(): void {
    this.#nearby.close()
    for (const tcp of this.#tcp) tcp.close()
    for (const udp of this.#udp) udp.close()
  }
}

/** Null where the namespace has no IPv6. */
function bindIpv6(path: string, port: number): number | null {
  try {
    return bindIn(path, 'udp', '::1', port)
  } catch (error) {
    if (error instanceof BpfError && ['EAFNOSUPPORT', 'EADDRNOTAVAIL'].includes(error.errnoName))
      return null
    throw error
  }
}
