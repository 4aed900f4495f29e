import type { BpfMap } from '@runwarden/libbpf'

/** A counter of a per-CPU array, over all processors. */
export function countOf(map: BpfMap, index: number): number {
  const key = Buffer.alloc(4)
  key.writeUInt32LE(index)
  const perCpu = map.get(key) ?? Buffer.alloc(0)
  let sum = 0n
  for (let i = 0; i < perCpu.length; i += 8) sum += perCpu.readBigUInt64LE(i)
  return Number(sum)
}
