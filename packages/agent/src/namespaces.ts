import { closeSync, fstatSync, openSync, readlinkSync, statSync } from 'node:fs'
import type { BpfMap } from '@runwarden/libbpf'
import type { SensorRecord } from '@runwarden/sensor'
import { bindOutpost, type OutpostSockets } from './dns/outpost.ts'
import type { ProxyPorts } from './dns/proxy.ts'
import { errnoOf, messageOf } from './errors.ts'

/** More namespaces at once are not served: each costs the agent seven descriptors. */
const servedAtOnce = 500

export interface NamespacesParts {
  /** The DNS proxy; undefined before it is there. */
  dns: () => NamespaceServer | undefined
  /** The kernel side's list of namespaces in which nobody has to wait. */
  served: () => BpfMap
  /** Processes of the scope. */
  processes: () => number[]
  /** Follows what changes in a namespace. @returns what ends that */
  follow: (namespace: string) => () => void
  gap: (text: string) => void
}

/** What the DNS proxy does here. */
export interface NamespaceServer {
  readonly ports: ProxyPorts
  serve(sockets: OutpostSockets): Promise<void>
  leave(namespace: number): Promise<void>
}

interface Served {
  /** Of the namespace, which lives as long as it is open. */
  descriptor: number
  /** The sockets are with the proxy, or have failed. */
  handedOver: Promise<unknown>
  /** Ends what follows its changes. */
  unfollow: () => void
}

/** Whether the kernel's process ids are this process's: else no namespace can be found by them. */
export function knowsProcesses(): boolean {
  // Of the initial pid namespace (PROC_PID_INIT_INO).
  return statSync('/proc/self/ns/pid').ino === 0xef_ff_ff_fc
}

/**
 * Network namespaces that processes of the scope are in beside the agent's own: containers, `unshare --net`.
 * Each has a loopback of its own, so the DNS proxy listens in each. A program that starts in a new one
 * waits until it does (bpf/include/netns.h).
 */
export class Namespaces {
  readonly #parts: NamespacesParts
  readonly #own = statSync('/proc/self/ns/net').ino
  readonly #served = new Map<number, Served>()
  #overflowed = false

  constructor(parts: NamespacesParts) {
    this.#parts = parts
  }

  /** Looks whether a record is about a namespace that is new: before a program starts there, or without one. */
  see(record: SensorRecord): void {
    if (
      record.kind === 'sandbox' &&
      record.errno === 0 &&
      (record.change === 'namespace' || record.change === 'setns') &&
      /\bnet\b/.test(record.detail)
    )
      this.serve(record.targetPid ?? record.tgid)
  }

  /** Serves those in which processes of the scope are already. */
  adopt(): void {
    for (const pid of this.#parts.processes()) this.serve(pid)
  }

  /** Leaves those in which no process of the scope is any more. */
  sweep(): void {
    if (this.#served.size === 0) return
    const used = new Set(this.#parts.processes().map(inodeOf))
    for (const [inode, served] of this.#served) {
      if (used.has(inode)) continue
      // First: a program that starts there from now on waits again.
      this.#parts.served().delete(keyOf(inode))
      this.#leave(inode, served)
    }
  }

  /** Leaves all. */
  close(): void {
    for (const [inode, served] of this.#served) this.#leave(inode, served)
  }

  #leave(inode: number, { descriptor, handedOver, unfollow }: Served): void {
    this.#served.delete(inode)
    unfollow()
    void handedOver
      .then(() => this.#parts.dns()?.leave(descriptor))
      // The proxy is gone, and its sockets with it.
      .catch(() => {})
      .then(() => closeSync(descriptor))
  }

  /** Serves the namespace that a process is in. */
  serve(pid: number): void {
    const dns = this.#parts.dns()
    if (dns === undefined) return
    let descriptor: number
    try {
      descriptor = openSync(`/proc/${pid}/ns/net`, 'r')
    } catch {
      // It has ended.
      return
    }
    const inode = fstatSync(descriptor).ino
    const full = this.#served.size >= servedAtOnce
    if (inode === this.#own || this.#served.has(inode) || full) {
      closeSync(descriptor)
      if (full && inode !== this.#own && !this.#served.has(inode)) this.#overflow()
      return
    }
    const handedOver = this.#open(dns, descriptor).catch((error: unknown) =>
      this.#parts.gap(
        `names are not answered in the network namespace of process ${pid}: ${messageOf(error)}`,
      ),
    )
    // What an ordinary user makes in a namespace of their own leads nowhere by itself.
    const unfollow = isOfOwnUsers(pid)
      ? this.#parts.follow(`/proc/self/fd/${descriptor}`)
      : () => {}
    this.#served.set(inode, { descriptor, handedOver, unfollow })
    // The sockets are there: who starts now has its queries answered, and need not wait.
    this.#parts.served().set(keyOf(inode), keyOf(1))
  }

  async #open(dns: NamespaceServer, descriptor: number): Promise<void> {
    await dns.serve(bindOutpost(descriptor, dns.ports))
  }

  #overflow(): void {
    if (this.#overflowed) return
    this.#overflowed = true
    this.#parts.gap(
      `the job has more than ${servedAtOnce} network namespaces: names are not answered in all of them`,
    )
  }
}

function keyOf(number: number): Buffer {
  const key = Buffer.alloc(4)
  key.writeUInt32LE(number)
  return key
}

/** The network namespace that a process is in; 0 when it has ended. */
function inodeOf(pid: number): number {
  try {
    return Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/net`))?.[0])
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return 0
  }
}

/** Whether a process is in the user namespace of this process: its capabilities are those of the machine. */
function isOfOwnUsers(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/ns/user`) === readlinkSync('/proc/self/ns/user')
  } catch {
    // It has ended.
    return false
  }
}
