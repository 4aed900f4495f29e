import { randomFillSync } from 'node:crypto'

const pool = Buffer.alloc(4096)
let at = pool.length

/** Sixteen unpredictable bits; drawn in bulk, as asking for two bytes costs as much as for thousands. */
export function randomShort(): number {
  if (at >= pool.length) {
    randomFillSync(pool)
    at = 0
  }
  at += 2
  return pool.readUInt16BE(at - 2)
}

/** An unpredictable number from 0 to below `count` (at most 256, so that the bias is negligible). */
export function randomIndex(count: number): number {
  return randomShort() % count
}
