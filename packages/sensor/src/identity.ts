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
 */
export class BootClock {
  #epochOfBoot = 0

  constructor() {
    this.measure()
  }

  /** Takes the distance again, from /proc/uptime (CLOCK_BOOTTIME, 10 ms) made fine by CLOCK_MONOTONIC. */
  measure(): void {
    // The kernel gives uptime in hundredths: the finest of a few samples just behind a step is closest.
    const monotonic = Number(process.hrtime.bigint()) / 1e6
    const uptime = Number(readFileSync('/proc/uptime', 'latin1').split(' ', 1)[0]) * 1000
    const suspended = uptime - monotonic
    // A machine that never slept: both clocks are one, and monotonic is exact.
    const boot = Math.abs(suspended) < 50 ? monotonic : uptime
    this.#epochOfBoot = performance.timeOrigin + performance.now() - boot
  }

  /** @param ns CLOCK_BOOTTIME, nanoseconds; returns milliseconds since the epoch with microsecond fraction */
  toEpoch(ns: number): number {
    return Math.round((this.#epochOfBoot + ns / 1e6) * 1000) / 1000
  }
}

/** The process's own clock, measured when this module was loaded. */
export const bootClock = new BootClock()
