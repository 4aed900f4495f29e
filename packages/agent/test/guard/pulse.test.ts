import { expect, test } from 'vitest'
import { Pulse } from '../../src/guard/pulse.ts'

const seconds = (count: number): bigint => BigInt(Math.round(count * 1e9))

test.each<[what: string, away: number, busy: number, told: number]>([
  ['a beat in time', 1, 0.1, 0],
  ['a busy machine, on which it waited for a processor', 30, 29, 0],
  ['a disk that comes late', 5, 0, 0],
  ['a stop', 9, 0.5, 7500],
])('%s', (_, away, busy, told) => {
  const spent = [
    { at: 0n, busy: 0n },
    { at: seconds(away), busy: seconds(busy) },
    { at: seconds(away + 1), busy: seconds(busy) },
  ]
  const pulse = new Pulse(1000, () => spent.shift() ?? { at: 0n, busy: 0n })
  expect(pulse.beat()).toBe(told)
  expect(pulse.beat()).toBe(0)
})
