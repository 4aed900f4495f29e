import { readFileSync } from 'node:fs'
import { BpfError, NetlinkListener } from '@runwarden/libbpf'
import type { EventBody } from '../event-stream.ts'
import { messageOf } from '../errors.ts'
import type { Process, ProcessTable } from '../process-table.ts'
import { deviceChange, deviceGroups } from './devices.ts'
import { PacketRules, ruleGroups } from './packet-rules.ts'

const NETLINK_ROUTE = 0
const NETLINK_NETFILTER = 12

export interface NetworkWatchParts {
  processes: Pick<ProcessTable, 'withPid' | 'hasRootSince'>
  /** Takes what the sensor has told so far. */
  drainSensor: () => void
  emit: (body: NetworkChange) => void
  gap: (text: string) => void
}

export type NetworkChange = Pick<
  Extract<EventBody, { kind: 'sandbox.change' }>,
  'time' | 'execId' | 'detail'
> & { change: 'network-device' | 'packet-rules' }

interface Followed {
  /** Said behind what happens there. */
  where: string
  devices: NetlinkListener
  /** Null: the kernel has no nf_tables. */
  rules: { listener: NetlinkListener; changes: PacketRules } | null
}

/**
 * Tells devices that come and packet rules that change in network namespaces, by whatever way: the kernel tells all who listen.
 * It names the process that changed rules of nf_tables: those of processes that are not the scope's are left out. Who made a
 * device or a rule of tc it does not say: they are told where root ran in the scope at that time.
 */
export class NetworkWatch {
  readonly #parts: NetworkWatchParts
  readonly #followed = new Set<Followed>()
  #lookedAt = Date.now()
  #lost = false

  constructor(parts: NetworkWatchParts) {
    this.#parts = parts
  }

  /**
   * Follows a namespace from here on.
   * @param namespace a file that stands for it
   * @param where said behind what happens there
   * @returns what ends that
   */
  follow(namespace: string, where = ''): () => void {
    let followed: Followed | undefined
    try {
      const devices = new NetlinkListener(namespace, NETLINK_ROUTE, deviceGroups)
      followed = { where, devices, rules: null }
      this.#followed.add(followed)
      const listener = new NetlinkListener(namespace, NETLINK_NETFILTER, ruleGroups)
      followed.rules = { listener, changes: new PacketRules() }
    } catch (error) {
      if (!(error instanceof BpfError && error.errnoName === 'EPROTONOSUPPORT'))
        this.#parts.gap(`changes of the network are not told${where}: ${messageOf(error)}`)
    }
    return () => followed !== undefined && this.#leave(followed)
  }

  /** Tells what has changed; call it every second or so. */
  tick(): void {
    // Who made the change, and has ended since, is known when its records were taken.
    this.#parts.drainSensor()
    for (const followed of this.#followed) this.#look(followed)
    this.#lookedAt = Date.now()
  }

  #look({ where, devices, rules }: Followed): void {
    const whole = devices.take((message) => {
      const detail = deviceChange(message)
      if (detail === null || !this.#parts.processes.hasRootSince(this.#lookedAt)) return
      const change = detail.startsWith('tc ') ? 'packet-rules' : 'network-device'
      this.#parts.emit({ time: Date.now(), execId: null, change, detail: detail + where })
    })
    const rulesWhole =
      rules?.listener.take((message) => {
        const change = rules.changes.take(message)
        const process = change === null ? undefined : this.#processOf(change.thread)
        if (change === null || process === undefined) return
        const detail = `nft ${change.words.join(', ') || 'rules'}${where}`
        const { execId } = process
        this.#parts.emit({ time: Date.now(), execId, change: 'packet-rules', detail })
      }) ?? true
    if ((whole && rulesWhole) || this.#lost) return
    this.#lost = true
    this.#parts.gap(
      'the network changed more often than could be followed: not every device and packet rule is told',
    )
  }

  /** The process of the scope that a thread is of, or was when it was last looked. */
  #processOf(thread: number): Process | undefined {
    const { processes } = this.#parts
    const known = processes.withPid(thread, this.#lookedAt)
    if (known !== undefined) return known
    try {
      const status = readFileSync(`/proc/${thread}/status`, 'utf8')
      return processes.withPid(Number(/^Tgid:\s*(\d+)/m.exec(status)?.[1]), this.#lookedAt)
    } catch {
      // It has ended, and was none of the scope's.
      return undefined
    }
  }

  #leave(followed: Followed): void {
    if (!this.#followed.delete(followed)) return
    followed.devices.close()
    followed.rules?.listener.close()
  }

  /** Ends all of it. */
  close(): void {
    for (const followed of this.#followed) this.#leave(followed)
  }
}
