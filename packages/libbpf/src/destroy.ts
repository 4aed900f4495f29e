import { native } from './native.ts'

/** One TCP socket: its two ends, and the cookie that the kernel gave it. */
export interface TcpSocket {
  /** Addresses are 16 bytes in network order, IPv4 as ::ffff:a.b.c.d. */
  source: Uint8Array
  sourcePort: number
  destination: Uint8Array
  destinationPort: number
  /** Index of the interface that it is bound to; 0: none. */
  device: number
  cookie: bigint
}

/**
 * Ends a socket of another process, whose calls on it return ECONNABORTED at once (SOCK_DESTROY, Linux 4.5 with
 * CONFIG_INET_DIAG_DESTROY). Needs CAP_NET_ADMIN and CAP_SYS_ADMIN.
 * @param pid a process in the socket's network namespace; when there is none any more, it is looked for in our own
 * @returns errno; 0: it is ended. ENOENT: there is no such socket any more, or the kernel has
 * no tcp_diag; EOPNOTSUPP: it has no SOCK_DESTROY
 */
export function destroyTcpSocket(pid: number, socket: TcpSocket): number {
  const { source, sourcePort, destination, destinationPort, device, cookie } = socket
  return native().destroyTcpSocket(
    pid,
    source,
    sourcePort,
    destination,
    destinationPort,
    device,
    cookie,
  )
}
