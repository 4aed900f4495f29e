import { readFileSync } from 'node:fs'

/** First 8 hex digits of this boot's id: makes process identities unique over reboots. */
export const bootId: string = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 8)

/**
 * Process identity `<tgid>-<start>-<boot>`.
 * @param start start of the thread group's leader, ns of CLOCK_BOOTTIME
 */
export function execId(tgid: number, start: number | bigint): string {
  return `${tgid}-${start}-${bootId}`
}

/**
 * Turns the kernel's CLOCK_BOOTTIME into milliseconds since the epoch. The two drift apart when the
 * wall clock is set: measure() takes their distance anew.
 *
 * A time that it gives is never later than the wall clock's own, and earlier by less than 0.2 ms (10 ms on a machine
 * that has slept): what is said to be later than something that Date.now() timed before was so.
 */
export class BootClock {
  #epochOfBoot = 0

  constructor() {
    this.measure()
  }

  /** Takes the distance again. Takes a millisecond. */
  measure(): void {
    const monotonic = epochOfMonotonic()
    const before = hrtimeMs()
    // CLOCK_BOOTTIME, cut to hundredths.
    const uptime = Number(readFileSync('/proc/uptime', 'latin1').split(' ', 1)[0]) * 1000
    const slept = uptime + 10 - before
    // A machine that never slept: both clocks are one, and monotonic is exact.
    this.#epochOfBoot = slept < 50 + hrtimeMs() - before ? monotonic : monotonic - slept
  }

  /** @param ns CLOCK_BOOTTIME, nanoseconds; returns milliseconds since the epoch with microsecond fraction */
  toEpoch(ns: number): number {
    return Math.floor((this.#epochOfBoot + ns / 1e6) * 1000) / 1000
  }
}

function hrtimeMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/**
 * Milliseconds since the epoch when CLOCK_MONOTONIC was 0, rounded down. Date.now() is cut to milliseconds: the moments in which
 * it steps tell the rest, and being interrupted between two looks only makes a sample worse, never wrong.
 */
function epochOfMonotonic(): number {
  let lowest = -Infinity
  let highest = Infinity
  const end = hrtimeMs() + 50
  for (let before = hrtimeMs(); highest - lowest > 0.2 && before < end;) {
    const now = Date.now()
    const after = hrtimeMs()
    lowest = Math.max(lowest, now - after)
    highest = Math.min(highest, now + 1 - before)
    before = after
  }
  return lowest
}

/** The process's own clock, measured when this module was loaded. */
export const bootClock = new BootClock()
