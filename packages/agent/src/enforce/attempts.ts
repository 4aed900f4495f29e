import type { BpfMap } from '@runwarden/libbpf'
import {
  CONNECT_REASONS,
  type ConnectReason,
  type ConnectVerdict,
  type ConnectVia,
  VERDICTS,
  VIAS,
} from '@runwarden/sensor/connect'
import { bootTime } from './learn.ts'
import { RULE_NONE } from './maps.ts'
import { encodeNumber } from './policy-entries.ts'

/** Attempts that were alike and came after the one that was told. */
export interface CountedAttempts {
  /** When they were counted, CLOCK_BOOTTIME ns: at most one interval late. */
  time: bigint
  start: bigint
  tgid: number
  uid: number
  address: Buffer
  port: number
  protocol: number
  family: number
  verdict: ConnectVerdict
  via: ConnectVia
  reason: ConnectReason
  /** Index of the policy's rule, or of the block list's entry when attack-blocked; null: none. */
  rule: number | null
  name: number
  cookie: bigint
  socketType: number
  count: number
}

export const ATTEMPT_KEY_BYTES = 40
export const ATTEMPT_BYTES = 32

export function decodeAttempts(key: Buffer, value: Buffer, time: bigint): CountedAttempts {
  const rule = value.readUInt32LE(16)
  return {
    time,
    start: key.readBigUInt64LE(0),
    tgid: key.readUInt32LE(8),
    uid: value.readUInt32LE(24),
    address: Buffer.from(key.subarray(16, 32)),
    port: key.readUInt16LE(12),
    protocol: key.readUInt8(14),
    family: key.readUInt8(34),
    verdict: VERDICTS[key.readUInt8(15)] ?? 'blocked',
    via: VIAS[key.readUInt8(32)] ?? 'packet',
    reason: CONNECT_REASONS[key.readUInt8(33)] ?? 'no-rule',
    rule: rule === RULE_NONE ? null : rule,
    name: value.readUInt32LE(20),
    cookie: value.readBigUInt64LE(8),
    socketType: value.readUInt32LE(28),
    count: Number(value.readBigUInt64LE(0)),
  }
}

/**
 * The counts behind the records that told an attempt once. The kernel writes one map while the
 * other, which it left an epoch ago, is read and emptied: no program still counts in it then.
 */
export class AttemptCounts {
  readonly #maps: readonly [BpfMap, BpfMap]
  readonly #made: BpfMap
  readonly #epoch: BpfMap
  /** What was put into each map when it was last emptied, as the kernel counts it. */
  readonly #taken: [bigint, bigint] = [0n, 0n]
  #current: 0 | 1 = 0

  constructor(maps: readonly [BpfMap, BpfMap], made: BpfMap, epoch: BpfMap) {
    this.#maps = maps
    this.#made = made
    this.#epoch = epoch
  }

  /** Ends an epoch, and returns the counts of the one before it. */
  next(): CountedAttempts[] {
    const before = this.#current === 0 ? 1 : 0
    const counts = this.#take(before)
    this.#epoch.set(encodeNumber(0), encodeNumber(before))
    this.#current = before
    return counts
  }

  /** All counts, when nothing of the scope runs any more. */
  last(): CountedAttempts[] {
    return [...this.#take(this.#current === 0 ? 1 : 0), ...this.#take(this.#current)]
  }

  #take(index: 0 | 1): CountedAttempts[] {
    // Read before the map: what is put there meanwhile is found the next time, at the latest.
    const made = this.#made.get(encodeNumber(index))?.readBigUInt64LE()
    if (made === this.#taken[index]) return []
    const now = bootTime()
    const counts: CountedAttempts[] = []
    for (const [key, value] of this.#maps[index].take()) {
      const attempts = decodeAttempts(key, value, now)
      if (attempts.count > 0) counts.push(attempts)
    }
    if (made !== undefined) this.#taken[index] = made
    return counts
  }
}
