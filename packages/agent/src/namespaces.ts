import { closeSync, fstatSync, openSync, readlinkSync, statSync } from 'node:fs'
import type { BpfMap } from '@runwarden/libbpf'
import type { SensorRecord } from '@runwarden/sensor'
import { errnoOf, messageOf } from './errors.ts'

/** More namespaces at once are not served: each costs the agent five descriptors. */
const servedAtOnce = 500

export interface NamespacesParts {
  /** The DNS proxy. */
  dns: Promise<{ serve(namespace: number): Promise<void>; leave(namespace: number): Promise<void> }>
  /** The kernel side's list of namespaces in which nobody is held. */
  served: () => BpfMap
  /** Processes of the scope. */
  processes: () => number[]
  gap: (text: string) => void
}

interface Served {
  /** Of the namespace, which lives as long as it is open. */
  descriptor: number
  ready: Promise<void>
}

/** Whether the kernel's process ids are this process's: else nobody can be let go on who was held. */
export function knowsProcesses(): boolean {
  // Of the initial pid namespace (PROC_PID_INIT_INO).
  return statSync('/proc/self/ns/pid').ino === 0xef_ff_ff_fc
}

/**
 * Network namespaces that processes of the scope are in beside the agent's own: containers, `unshare --net`.
 * Each has a loopback of its own, so the DNS proxy listens in each. A program that starts in a new one
 * is held by the kernel side until it does.
 */
export class Namespaces {
  readonly #parts: NamespacesParts
  readonly #own = statSync('/proc/self/ns/net').ino
  readonly #served = new Map<number, Served>()
  #overflowed = false

  constructor(parts: NamespacesParts) {
    this.#parts = parts
  }

  /** Looks whether a record is about a namespace that is new. */
  see(record: SensorRecord): void {
    if (record.kind === 'exec' && record.held) void this.#release(record.tgid)
    // What enters a namespace without starting a program: served as soon as it can be.
    else if (
      record.kind === 'sandbox' &&
      record.errno === 0 &&
      (record.change === 'namespace' || record.change === 'setns') &&
      /\bnet\b/.test(record.detail)
    )
      void this.#serve(record.targetPid ?? record.tgid)
  }

  /** Serves those in which processes of the scope are already. */
  adopt(): void {
    for (const pid of this.#parts.processes()) void this.#serve(pid)
  }

  /** Leaves those in which no process of the scope is any more. */
  sweep(): void {
    if (this.#served.size === 0) return
    const used = new Set(this.#parts.processes().map(inodeOf))
    for (const [inode, { descriptor, ready }] of this.#served) {
      if (used.has(inode)) continue
      this.#served.delete(inode)
      // First: a program that starts there from now on is held again.
      this.#parts.served().delete(keyOf(inode))
      void ready
        .then(async () => (await this.#parts.dns).leave(descriptor))
        .catch(() => {})
        .then(() => closeSync(descriptor))
    }
  }

  async #release(pid: number): Promise<void> {
    await this.#serve(pid)
    try {
      process.kill(pid, 'SIGCONT')
    } catch {
      // It was killed meanwhile.
    }
  }

  /** Resolves when names are answered in the process's namespace, or that was told to be impossible. */
  async #serve(pid: number): Promise<void> {
    let descriptor: number
    try {
      descriptor = openSync(`/proc/${pid}/ns/net`, 'r')
    } catch {
      // It has ended.
      return
    }
    const inode = fstatSync(descriptor).ino
    const known = this.#served.get(inode)
    if (known !== undefined || inode === this.#own || this.#served.size >= servedAtOnce) {
      closeSync(descriptor)
      if (known === undefined && inode !== this.#own) this.#overflow()
      return known?.ready
    }
    const ready = this.#open(descriptor, inode, pid)
    this.#served.set(inode, { descriptor, ready })
    return ready
  }

  async #open(descriptor: number, inode: number, pid: number): Promise<void> {
    try {
      await (await this.#parts.dns).serve(descriptor)
    } catch (error) {
      this.#parts.gap(
        `names are not answered in the network namespace of process ${pid}: ${messageOf(error)}`,
      )
    }
    if (this.#served.has(inode)) this.#parts.served().set(keyOf(inode), keyOf(1))
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
