import { type BpfMap, type BpfObject, destroyTcpSocket } from '@runwarden/libbpf'
import type { CompiledPolicy } from '@runwarden/policy'
import { encodeNumber } from './policy-entries.ts'

export const HTTPS_STATE_BYTES = 16
/** struct https_ends of bpf/include/https_flows.h. */
export const https_ends = {
  family: 0,
  cookie: 16,
  source: 24,
  destination: 40,
  source_port: 56,
  destination_port: 58,
  device: 60,
  tgid: 64,
} as const
export const HTTPS_ENDS_BYTES = 72
const FAMILY_BYTES = 16

/** struct https_state of bpf/include/https_state.h. */
export function encodeHttpsState({ https, rules }: CompiledPolicy): Buffer {
  const value = Buffer.alloc(HTTPS_STATE_BYTES)
  if (https.lines.length === 0) return value
  value.writeUInt32LE(https.from, 0)
  value.writeUInt32LE(https.unseenFrom, 4)
  value.writeUInt32LE(rules.length, 8)
  return value
}

/** Says which rules of the policy that is written to a slot are HTTPS rules. */
export function writeHttps(map: BpfMap, generation: number, compiled: CompiledPolicy): void {
  map.set(encodeNumber(generation & 1), encodeHttpsState(compiled))
}

/** Whether one of the two policies has any. */
export function hasHttpsRules(map: BpfMap): boolean {
  return [0, 1].some((slot) => (map.get(encodeNumber(slot))?.readUInt32LE(8) ?? 0) > 0)
}

/**
 * Ends connections under HTTPS rules that have bytes to send which were not granted: also those whose processes have ended,
 * as what they hold leaves as soon as nobody looks at it.
 * @param family only those of one, a struct https_key
 */
export function endUngranted(object: BpfObject, family?: Buffer): void {
  using link = object.attach('https_ungranted', { map: object.map('https_sockets') })
  const found = link.read()
  for (let at = 0; at + HTTPS_ENDS_BYTES <= found.length; at += HTTPS_ENDS_BYTES) {
    const one = found.subarray(at, at + HTTPS_ENDS_BYTES)
    if (family !== undefined && !one.subarray(0, FAMILY_BYTES).equals(family)) continue
    destroyTcpSocket(one.readUInt32LE(https_ends.tgid), {
      source: one.subarray(https_ends.source, https_ends.source + 16),
      sourcePort: one.readUInt16LE(https_ends.source_port),
      destination: one.subarray(https_ends.destination, https_ends.destination + 16),
      destinationPort: one.readUInt16LE(https_ends.destination_port),
      device: one.readUInt32LE(https_ends.device),
      cookie: one.readBigUInt64LE(https_ends.cookie),
    })
  }
}
