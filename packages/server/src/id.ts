import { randomBytes } from 'node:crypto'

/** In ASCII order, so that ids sort as their times do. */
const digits = '0123456789abcdefghjkmnpqrstvwxyz'
export const idPattern = /^[0-9a-hjkmnp-tv-z]{20}$/

let lastTime = 0
let lastRandom = 0n

/**
 * A new id: 20 characters, 50 bits of time (milliseconds) and 50 random ones. Later ids sort after earlier ones of this process.
 * Ids are no secrets: who may see what is asked each time.
 */
export function newId(now = Date.now()): string {
  if (now > lastTime) {
    lastTime = now
    // The highest bit stays free, for ids of the same millisecond.
    lastRandom = randomBytes(8).readBigUInt64BE() >> 15n
  } else lastRandom += 1n
  return base32(BigInt(lastTime)) + base32(lastRandom)
}

function base32(value: bigint): string {
  let text = ''
  for (let i = 0; i < 10; i++, value >>= 5n) text = (digits[Number(value & 31n)] ?? '') + text
  return text
}
