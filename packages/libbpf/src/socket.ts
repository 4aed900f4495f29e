import { closeSync } from 'node:fs'
import { native } from './native.ts'

/**
 * A socket in another network namespace, bound there; it need not be up yet. What comes to it
 * waits there from now on: a TCP socket listens.
 * @param namespace a file that stands for it, e.g. `/proc/PID/ns/net`
 * @param address IPv4 or IPv6 in text
 * @returns its descriptor, which the caller closes or hands over. While it is open, so is the namespace.
 * @throws BpfError step `socket`
 */
export function bindIn(
  namespace: string,
  protocol: 'udp' | 'tcp',
  address: string,
  port: number,
): number {
  return native().bindIn(namespace, protocol === 'tcp', address, port)
}

/** The number by which bpf_get_netns_cookie() knows the network namespace that a socket is in (Linux 5.14). */
export function netnsCookie(socket: number): bigint {
  return native().netnsCookie(socket)
}

/** The number of this process's own network namespace. */
export function ownNetnsCookie(): bigint {
  const socket = bindIn('/proc/self/ns/net', 'udp', '127.0.0.1', 0)
  try {
    return netnsCookie(socket)
  } finally {
    closeSync(socket)
  }
}

/** A process at the other end of a Unix socket, as it was when it connected. */
export interface Peer {
  pid: number
  uid: number
  gid: number
}

/**
 * Who connected a Unix socket, as the kernel knows it (SO_PEERCRED). The process may have handed the socket on or
 * have ended since: who trusts the id looks when that process started, too.
 * @param socket descriptor of an accepted connection
 * @throws BpfError step `socket`, when it is none, or its process is outside of this pid namespace
 */
export function peerCredentials(socket: number): Peer {
  return native().peerOf(socket)
}
