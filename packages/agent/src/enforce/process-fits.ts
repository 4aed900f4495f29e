import type { BpfMap } from '@runwarden/libbpf'
import type { DnsClient } from '../dns/contract.ts'

/** Different narrowings of one policy; a narrowing's number is a tag of their whole list, and behind it one of these. */
const NARROWINGS = 64

export const FIT_KEY_BYTES = 16
export const PROCESS_FIT_BYTES = 48

/** Key of a process: when it started (CLOCK_BOOTTIME, ns), and its id in the initial pid namespace. */
export function encodeFitKey({ start, tgid }: { start: bigint; tgid: number }): Buffer {
  const key = Buffer.alloc(FIT_KEY_BYTES)
  key.writeBigUInt64LE(start, 0)
  key.writeUInt32LE(tgid, 8)
  return key
}

/** Whether what the kernel noted of a process (struct process_fit) fulfils a narrowing. */
export function fulfilsNarrowing(value: Buffer, narrowing: number): boolean {
  const tag = Math.floor(narrowing / NARROWINGS)
  const bit = BigInt(narrowing % NARROWINGS)
  const slot = [0, 1].find((index) => value.readUInt32LE(8 + index * 4) === tag)
  if (slot === undefined) return false
  return ((value.readBigUInt64LE(16 + slot * 8) >> bit) & 1n) === 1n
}

/** Which processes fulfil what policy lines are narrowed to, as the sensor notes it. */
export class ProcessFits {
  readonly #map: BpfMap

  constructor(map: BpfMap) {
    this.#map = map
  }

  fulfils(process: NonNullable<DnsClient['process']>, narrowing: number): boolean {
    const value = this.#map.get(encodeFitKey(process))
    return value !== undefined && fulfilsNarrowing(value, narrowing)
  }

  close(): void {
    this.#map.close()
  }
}
