import { readFileSync } from 'node:fs'

/** How long the distance between the two clocks is taken as constant: it grows when the machine sleeps. */
const TRUSTED_NS = 10_000_000_000n

let offset = 0n
let measured = -TRUSTED_NS

/**
 * Now on CLOCK_BOOTTIME, ns, the clock of the kernel programs; as exact as /proc/uptime (10 ms).
 * Node itself only offers CLOCK_MONOTONIC, which stands still while the machine sleeps.
 */
export function bootTime(): bigint {
  const monotonic = process.hrtime.bigint()
  if (monotonic - measured >= TRUSTED_NS) {
    const [uptime = '0'] = readFileSync('/proc/uptime', 'latin1').split(' ')
    offset = BigInt(Math.round(Number(uptime) * 1000)) * 1_000_000n - monotonic
    measured = monotonic
  }
  return monotonic + offset
}
