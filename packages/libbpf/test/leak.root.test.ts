import { readdirSync, readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { BpfError, openMapById, openObject, RingReader } from '../src/index.ts'
import { fixture, order, testCgroup, u64 } from './fixtures.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Everything of BPF that this process holds, and its memory after a collection, in MiB. */
async function held(): Promise<{ fds: number; maps: number; resident: number }> {
  collectGarbage()
  // Finalizers run in a turn of their own.
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
  collectGarbage()
  const mappings = readFileSync('/proc/self/maps', 'utf8')
  return {
    fds: readdirSync('/proc/self/fd').length,
    maps: mappings.split('\n').filter((line) => line.includes('bpf-map')).length,
    resident: process.memoryUsage.rss() / 2 ** 20,
  }
}

function everything(cgroup: string, close: boolean): void {
  const object = openObject(fixture('maps'), { disable: ['on_open'] })
  object.load()
  const link = object.attach('deny4', { cgroup })
  const raw = object.attach('on_enter')
  const map = openMapById(object.map('hash').id)
  map.set(u64(1), u64(2))
  const flood = openObject(fixture('flood'))
  flood.load()
  const maps = [flood.map('urgent'), flood.map('bulk')]
  let seen = 0
  const onBatch = (_: Buffer, __: number, count: number) => void (seen += count)
  // Only a reader that does not wake may be left to the garbage collector.
  const reader = new RingReader({ maps, bufferBytes: 1 << 16, wake: close, onBatch })
  flood.run('flood', order({ count: 10 }))
  expect(reader.drain()).toBe(10)
  expect(seen).toBe(10)
  const refused = openObject(fixture('refused'))
  // Not by expect(), which would keep the object alive.
  let code = 'none'
  try {
    refused.load()
  } catch (error) {
    if (error instanceof BpfError) code = error.code
  }
  expect(code).toBe('BPF_LOAD')
  if (close) for (const each of [refused, reader, flood, map, raw, link, object]) each.close()
}

test(
  '1,000 rounds of open, load, attach, read and close leak nothing',
  { timeout: 300_000 },
  async () => {
    using cgroup = testCgroup()
    const rounds = async (count: number) => {
      for (let i = 0; i < count; i++) {
        everything(cgroup.path, true)
        // The event loop closes a reader's poll handle.
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    await rounds(200)
    const before = await held()
    await rounds(1000)
    const after = await held()
    expect([after.fds, after.maps]).toEqual([before.fds, before.maps])
    expect(after.resident - before.resident).toBeLessThan(20)
  },
)

test('what nobody closed is closed by the garbage collector', async () => {
  using cgroup = testCgroup()
  const before = await held()
  for (let i = 0; i < 20; i++) everything(cgroup.path, false)
  const after = await held()
  expect([after.fds, after.maps]).toEqual([before.fds, before.maps])
})

test(
  '50 workers that end without closing anything leak nothing',
  { timeout: 300_000 },
  async () => {
    using cgroup = testCgroup()
    using object = openObject(fixture('maps'), { disable: ['on_open'] })
    object.load()
    const rounds = async (count: number) => {
      for (let i = 0; i < count; i++) {
        const workerData = {
          end: 'returns',
          object: fixture('maps'),
          flood: fixture('flood'),
          map: object.map('hash').id,
          cgroup: cgroup.path,
        }
        const worker = new Worker(new URL('./holder.ts', import.meta.url), { workerData })
        await new Promise((resolve) => void worker.once('exit', resolve))
      }
    }
    await rounds(5)
    const before = await held()
    await rounds(50)
    const after = await held()
    expect([after.fds, after.maps]).toEqual([before.fds, before.maps])
  },
)
