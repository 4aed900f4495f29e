import type { BpfMap } from '@runwarden/libbpf'
import {
  CONNECT_REASONS,
  type ConnectReason,
  type ConnectVerdict,
  VERDICTS,
} from '@runwarden/sensor/connect'
import { EntryList } from './entry-list.ts'
import { bootTime } from './learn.ts'
import { RULE_NONE } from './maps.ts'

/** What went from the sockets of a process to one destination. Loopback is not counted. */
export interface Flow {
  /** What each of its sockets sent, in bytes as `bytes` counts them. */
  sockets: number[]
  address: Buffer
  port: number
  protocol: number
  family: number
  /** IP packets as the socket sent them (before segmentation), and their bytes, headers included. */
  packets: number
  bytes: number
  /** When it was taken out of the kernel, CLOCK_BOOTTIME ns. */
  last: bigint
  start: bigint
  tgid: number
  uid: number
  rule: number | null
  name: number
  verdict: ConnectVerdict
  reason: ConnectReason
  /** Of the newest policy that allowed it. */
  generation: number
  /** What it sends is granted by HTTPS rules. */
  https: boolean
  /** It began with TLS. */
  tls: boolean
}

export const FLOW_KEY_BYTES = 32
export const FLOW_BYTES = 56
export const FLOW_SEAT_BYTES = FLOW_KEY_BYTES + FLOW_BYTES
export const RENEWED_FLOW_BYTES = 8
const RULE_AT = 32
const GENERATION_AT = 40
const VERDICT_AT = 44
/** The byte of these bits: the others, and what follows, are the kernel's own: how far the flow was looked at. */
const NAMES_AT = VERDICT_AT + 3
/** Its bit for HTTPS rules: NAMES_HTTPS of bpf/include/enforce.h. */
const NAMES_HTTPS = 32
/** And for TLS: NAMES_TLS there. */
const NAMES_TLS = 64
/** In place of a cookie while the kernel writes the flow: FLOW_CLAIMED of bpf/include/flow_table.h. */
const CLAIMED = 2 ** 32 - 1

export function decodeFlow(key: Buffer, value: Buffer, now: bigint): Flow {
  const rule = value.readUInt32LE(RULE_AT)
  const bytes = Number(value.readBigUInt64LE(0))
  const names = value.readUInt8(NAMES_AT)
  return {
    sockets: [bytes],
    address: Buffer.from(key.subarray(8, 24)),
    port: key.readUInt16LE(24),
    protocol: key.readUInt8(26),
    bytes,
    packets: Number(value.readBigUInt64LE(8)),
    last: now,
    start: value.readBigUInt64LE(16),
    tgid: value.readUInt32LE(24),
    uid: value.readUInt32LE(28),
    rule: rule === RULE_NONE ? null : rule,
    name: value.readUInt32LE(36),
    generation: value.readUInt32LE(GENERATION_AT),
    verdict: VERDICTS[value.readUInt8(VERDICT_AT)] ?? 'blocked',
    reason: CONNECT_REASONS[value.readUInt8(VERDICT_AT + 1)] ?? 'no-rule',
    family: value.readUInt8(VERDICT_AT + 2),
    https: (names & NAMES_HTTPS) !== 0,
    tls: (names & NAMES_TLS) !== 0,
  }
}

interface Seat {
  /** Place in the table. */
  at: Buffer
  key: Buffer
  value: Buffer
}

/** The flows that the kernel keeps, each in its seat: see bpf/include/flow_table.h. */
export class FlowTable {
  readonly #flows: BpfMap
  readonly #renewed: BpfMap
  /** What stands in #renewed, as far as this agent has written it. */
  #said: EntryList[] = []

  /** @param maps of their names */
  constructor(maps: { flows: BpfMap; renewed_flows: BpfMap }) {
    this.#flows = maps.flows
    this.#renewed = maps.renewed_flows
  }

  *#seats(): Generator<Seat, void, void> {
    const { keys, values, count } = this.#flows.used()
    for (let i = 0, at = 0; i < count; i++, at += FLOW_SEAT_BYTES) {
      if (values.readUInt32LE(at) === CLAIMED && values.readUInt32LE(at + 4) === CLAIMED) continue
      const split = at + FLOW_KEY_BYTES
      yield {
        at: keys.subarray(i * 4, (i + 1) * 4),
        key: values.subarray(at, split),
        value: values.subarray(split, at + FLOW_SEAT_BYTES),
      }
    }
  }

  /** Takes all flows out of the kernel, those of a process to one place as one. */
  take(): Flow[] {
    const now = bootTime()
    const flows = new Map<string, Flow>()
    const emptied = new EntryList(4, FLOW_SEAT_BYTES)
    const empty = Buffer.alloc(FLOW_SEAT_BYTES)
    for (const { at, key, value } of this.#seats()) {
      emptied.add(at, empty)
      // Process, destination and decision: all but the socket and the counts.
      const decided = key.toString('latin1', 8) + value.toString('latin1', 16, NAMES_AT)
      const flow = decodeFlow(key, value, now)
      const alike = `${decided} ${flow.https} ${flow.tls}`
      const known = flows.get(alike)
      if (known === undefined) {
        flows.set(alike, flow)
        continue
      }
      known.sockets.push(flow.bytes)
      known.packets += flow.packets
      known.bytes += flow.bytes
    }
    this.#flows.setBatch(emptied.keys, emptied.values, emptied.count)
    return [...flows.values()]
  }

  /**
   * Says which flows a policy that is about to come into force allows, too, so that they live on when their name's time has
   * run out.
   * @param rule by which of its rules; null: it allows the flow no more
   * @returns what says it of the flows that began meanwhile, once it is in force
   */
  renew(generation: number, rule: (flow: Flow) => number | null): () => void {
    for (const { keys, count } of this.#said.splice(0)) this.#renewed.deleteBatch(keys, count)
    const known = new Set<string>()
    const pass = (): void => this.#renew(generation, rule, known)
    pass()
    return pass
  }

  #renew(generation: number, rule: (flow: Flow) => number | null, known: Set<string>): void {
    const now = bootTime()
    const renewed = new EntryList(FLOW_KEY_BYTES, RENEWED_FLOW_BYTES)
    const entry = Buffer.alloc(RENEWED_FLOW_BYTES)
    entry.writeUInt32LE(generation, 4)
    for (const { key, value } of this.#seats()) {
      if (value.readUInt32LE(GENERATION_AT) === generation) continue
      const own = key.toString('latin1')
      if (known.has(own)) continue
      known.add(own)
      const flow = decodeFlow(key, value, now)
      const allowed = flow.verdict === 'allowed' ? rule(flow) : null
      if (allowed === null) continue
      entry.writeUInt32LE(allowed, 0)
      renewed.add(key, entry)
    }
    this.#said.push(renewed)
    try {
      this.#renewed.setBatch(renewed.keys, renewed.values, renewed.count)
    } catch {
      // Full of what an earlier agent has said, of policies that are no more.
      this.#renewed.clear()
      for (const { keys, values, count } of this.#said) this.#renewed.setBatch(keys, values, count)
    }
  }
}
