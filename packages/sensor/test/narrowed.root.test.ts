import { expect, it } from 'vitest'
import { Observed } from './observed.ts'

/** Processes that the kernel side knows of narrowed lines (bpf/include/narrowed.h). */
const MOST = 1 << 17

it('counts the processes that find no room to be known by narrowed lines', async () => {
  using seen = new Observed()
  const { narrowed } = seen.sensor
  // A policy's only narrowing: every program, in the step of what is in none.
  const own = Buffer.alloc(40)
  own.writeUInt32LE(7, 0)
  own.writeUInt32LE(1, 4)
  for (const at of [16, 32]) own.writeBigUInt64LE(1n, at)
  narrowed['narrowings']?.set(Buffer.alloc(4), own)
  await seen.run('true')
  expect(seen.sensor.unfit()).toBe(0)

  const keys = Buffer.alloc(MOST * 16)
  for (let index = 0; index < MOST; index++) keys.writeUInt32LE(index + 1, index * 16)
  narrowed['process_fits']?.setBatch(keys, Buffer.alloc(MOST * 48), MOST)
  await seen.run('sh', '-c', 'true; true')
  expect(seen.sensor.unfit()).toBeGreaterThan(0)
})
