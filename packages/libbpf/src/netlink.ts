import { closeSync } from 'node:fs'
import { BpfError } from './error.ts'
import { native } from './native.ts'

/** More than the kernel puts into one datagram to a group (NLMSG_GOODSIZE). */
const DATAGRAM_BYTES = 64 << 10
/** Who makes the kernel tell without end keeps nobody here. */
const MOST_DATAGRAMS = 4096
const HEADER_BYTES = 16

let shared: Buffer | undefined

/** One message: its type (nlmsghdr), and what follows its header. */
export interface NetlinkMessage {
  type: number
  body: Buffer
}

/** Listens to what the kernel tells to groups of a netlink protocol, in one network namespace. */
export class NetlinkListener {
  readonly #socket: number

  /**
   * @param namespace a file that stands for it, e.g. `/proc/PID/ns/net`. It is held while this is open.
   * @param protocol NETLINK_*
   * @param groups their numbers, 8 at most
   * @throws BpfError step `socket`
   */
  constructor(namespace: string, protocol: number, groups: readonly number[]) {
    this.#socket = native().netlinkIn(namespace, protocol, groups)
  }

  /**
   * Takes what has been told since the last call; of very much, a part. A message's body is valid until `onMessage` returns.
   * @returns false: some found no room, and are lost
   */
  take(onMessage: (message: NetlinkMessage) => void): boolean {
    const buffer = (shared ??= Buffer.allocUnsafeSlow(DATAGRAM_BYTES))
    let whole = true
    for (let count = 0; count < MOST_DATAGRAMS; count++) {
      const bytes = this.#read(buffer)
      if (bytes === 0) return whole
      if (bytes === null) whole = false
      else for (const message of messagesOf(buffer.subarray(0, bytes))) onMessage(message)
    }
    return whole
  }

  /** Bytes of the next datagram; 0: none waits, null: some are lost. */
  #read(buffer: Buffer): number | null {
    try {
      return native().netlinkRead(this.#socket, buffer)
    } catch (error) {
      if (error instanceof BpfError && ['ENOBUFS', 'EMSGSIZE'].includes(error.errnoName))
        return null
      throw error
    }
  }

  close(): void {
    closeSync(this.#socket)
  }
}

function* messagesOf(datagram: Buffer): Generator<NetlinkMessage, void, void> {
  for (let at = 0; at + HEADER_BYTES <= datagram.length;) {
    const length = datagram.readUInt32LE(at)
    if (length < HEADER_BYTES || at + length > datagram.length) return
    yield {
      type: datagram.readUInt16LE(at + 4),
      body: datagram.subarray(at + HEADER_BYTES, at + length),
    }
    at += (length + 3) & ~3
  }
}
