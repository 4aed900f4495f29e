import { expect, test } from 'vitest'
import { BootClock } from '../src/index.ts'

test('a time of the kernel is never later than the wall clock had it, whenever the distance was measured', () => {
  for (let i = 0; i < 100; i++) {
    const clock = new BootClock()
    const before = Date.now()
    // On a machine that has slept this is less than CLOCK_BOOTTIME, and proves less.
    const time = clock.toEpoch(Number(process.hrtime.bigint()))
    const after = Date.now() + 1
    expect(time).toBeLessThan(after)
    const uptime = Number(process.hrtime.bigint()) / 1e6
    if (Math.abs(clock.toEpoch(0) + uptime - Date.now()) < 50)
      expect(time).toBeGreaterThan(before - 0.25)
  }
})
