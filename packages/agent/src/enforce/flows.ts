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
const RULE_AT = 32
const GENERATION_AT = 40
const VERDICT_AT = 44
/** The byte of these bits: the others, and what follows, are the kernel's own: how far the flow was looked at. */
const NAMES_AT = VERDICT_AT + 3
/** Its bit for HTTPS rules: NAMES_HTTPS of bpf/include/enforce.h. */
const NAMES_HTTPS = 32
/** And for TLS: NAMES_TLS there. */
const NAMES_TLS = 64
/** Bits of what the kernel looks at with each packet: NAMES_LOOK there. */
const NAMES_LOOK = 175

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

/** Takes all flows out of the map, those of a process to one place as one. */
export function takeFlows(map: BpfMap): Flow[] {
  const now = bootTime()
  const flows = new Map<string, Flow>()
  for (const [key, value] of map.take()) {
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
  return [...flows.values()]
}

/**
 * Marks the flows that a new policy allows, too, so that they live on when their name's time has
 * run out. `rule` says by which of its rules; null: it allows the flow no more.
 */
export function renewFlows(
  map: BpfMap,
  generation: number,
  rule: (flow: Flow) => number | null,
): void {
  const now = bootTime()
  for (const { keys, values, count } of map.batches()) {
    const renewed = new EntryList(FLOW_KEY_BYTES, FLOW_BYTES)
    for (let i = 0; i < count; i++) {
      if (values.readUInt32LE(i * FLOW_BYTES + GENERATION_AT) === generation) continue
      const key = keys.subarray(i * FLOW_KEY_BYTES, (i + 1) * FLOW_KEY_BYTES)
      const value = values.subarray(i * FLOW_BYTES, (i + 1) * FLOW_BYTES)
      const flow = decodeFlow(key, value, now)
      if (flow.verdict !== 'allowed') continue
      const allowed = rule(flow)
      if (allowed === null) continue
      // What the kernel finds of it meanwhile must not be undone: such a flow is read again right before it is written.
      const looked = (value.readUInt8(NAMES_AT) & NAMES_LOOK) !== 0
      const latest = looked ? map.get(key) : value
      if (latest === undefined) continue
      latest.writeUInt32LE(allowed, RULE_AT)
      latest.writeUInt32LE(generation, GENERATION_AT)
      if (looked) map.set(key, latest)
      else renewed.add(key, latest)
    }
    map.setBatch(renewed.keys, renewed.values, renewed.count)
  }
}
