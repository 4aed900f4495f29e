import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type BpfObject, openObject, RingReader } from '../src/index.ts'
import { fixture, order, records } from './fixtures.ts'
import type { FloodOrder } from './flooder.ts'

let object: BpfObject
beforeEach(() => {
  object = openObject(fixture('flood'))
  object.load()
})
afterEach(() => object.close())

/** Resolves as soon as the condition holds; looked at behind every turn of the event loop. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

function lost(): number {
  return Number(object.map('.bss').get(Buffer.alloc(4))?.readBigUInt64LE())
}

function upTo(count: number, first = 0): number[] {
  return Array.from({ length: count }, (_, i) => first + i)
}

/** A reader that keeps the numbers of all records, by ring. */
function collect(options: { wake: boolean; bufferBytes?: number; maps?: string[] }) {
  const numbers: number[] = []
  const rings: number[] = []
  const batches: number[] = []
  const reader = new RingReader({
    maps: (options.maps ?? ['urgent', 'bulk']).map((name) => object.map(name)),
    bufferBytes: options.bufferBytes ?? 1 << 16,
    wake: options.wake,
    onBatch(buffer, bytes, count) {
      const batch = [...records(buffer, bytes)]
      expect(batch.length).toBe(count)
      batches.push(count)
      for (const record of batch) {
        numbers.push(record.number)
        rings.push(record.ring)
      }
    },
  })
  return { reader, numbers, rings, batches, [Symbol.dispose]: () => reader.close() }
}

test('records wake the reader, and come in order', async () => {
  using seen = collect({ wake: true })
  object.run('flood', order({ count: 1000 }))
  await until(() => seen.numbers.length >= 1000)
  object.run('flood', order({ first: 1000, count: 1 }))
  await until(() => seen.numbers.length >= 1001)
  expect(seen.numbers).toEqual(upTo(1001))
})

test('records that were there before the reader are delivered', async () => {
  object.run('flood', order({ count: 10 }))
  using seen = collect({ wake: true })
  await until(() => seen.numbers.length >= 10)
  expect(seen.numbers).toEqual(upTo(10))
})

test('a ring without wake-ups is delivered by drain', () => {
  using seen = collect({ wake: false })
  object.run('flood', order({ count: 50_000, bulk: true }))
  expect(seen.numbers).toEqual([])
  expect(seen.reader.drain()).toBe(50_000)
  expect(seen.reader.drain()).toBe(0)
  expect(seen.numbers).toEqual(upTo(50_000))
})

test('drain also takes what a wake-up would have brought, once', async () => {
  using seen = collect({ wake: true })
  object.run('flood', order({ count: 100 }))
  expect(seen.reader.drain()).toBe(100)
  object.run('flood', order({ first: 100, count: 1 }))
  await until(() => seen.numbers.length >= 101)
  expect(seen.numbers).toEqual(upTo(101))
})

test('each record tells its ring', () => {
  using seen = collect({ wake: false })
  object.run('flood', order({ count: 3, bulk: true }))
  object.run('flood', order({ first: 3, count: 2 }))
  seen.reader.drain()
  expect(seen.rings).toEqual([0, 0, 1, 1, 1])
})

test('discarded records are passed over', () => {
  using seen = collect({ wake: false })
  object.run('flood', order({ count: 1000, discardEvery: 3 }))
  seen.reader.drain()
  expect(seen.numbers).toEqual(upTo(1000).filter((n) => n % 3 !== 0))
})

test('nothing is called when all records were discarded', () => {
  using seen = collect({ wake: false })
  object.run('flood', order({ count: 100, discardEvery: 1 }))
  expect(seen.reader.drain()).toBe(0)
  expect(seen.batches).toEqual([])
})

test('a full buffer is delivered in the middle, without a record lost or doubled', () => {
  // A record is 104 bytes here: 39 of them in 4,096 bytes.
  using seen = collect({ wake: false, bufferBytes: 4096 })
  object.run('flood', order({ count: 1000 }))
  seen.reader.drain()
  expect(seen.numbers).toEqual(upTo(1000))
  expect(seen.batches).toEqual([...upTo(25).map(() => 39), 25])
})

test('the event loop has its turn between the batches of a wake-up', async () => {
  using seen = collect({ wake: true, bufferBytes: 4096 })
  object.run('flood', order({ count: 1000 }))
  const turns: number[] = []
  await until(() => {
    if (seen.batches.length !== turns.at(-1)) turns.push(seen.batches.length)
    return seen.numbers.length >= 1000
  })
  expect(seen.numbers).toEqual(upTo(1000))
  const steps = turns.map((turn, i) => turn - (turns[i - 1] ?? 0))
  expect(Math.max(...steps)).toBe(1)
})

test('a record larger than the buffer makes it grow, behind a wake-up too', async () => {
  using seen = collect({ wake: true, bufferBytes: 64 })
  object.run('flood', order({ count: 3 }))
  await until(() => seen.numbers.length >= 3)
  expect(seen.numbers).toEqual(upTo(3))
})

test('a record larger than the buffer makes it grow', () => {
  const lengths: number[] = []
  using reader = new RingReader({
    maps: [object.map('urgent')],
    bufferBytes: 64,
    wake: false,
    onBatch(buffer, bytes) {
      for (const record of records(buffer, bytes)) lengths.push(record.length)
    },
  })
  object.run('sizes')
  expect(reader.drain()).toBe(4)
  expect(lengths).toEqual([1, 13, 5000, 8])
})

test('records wrap around the end of the ring whole', () => {
  using seen = collect({ wake: false })
  for (let first = 0; first < 200_000; first += 25_000) {
    object.run('flood', order({ first, count: 25_000 }))
    seen.reader.drain()
  }
  expect(lost()).toBe(0)
  expect(seen.numbers).toEqual(upTo(200_000))
})

test('a full ring loses at its end, and the rest is delivered', () => {
  using seen = collect({ wake: false })
  object.run('flood', order({ count: 100_000 }))
  seen.reader.drain()
  expect(lost()).toBeGreaterThan(0)
  expect(seen.numbers).toEqual(upTo(100_000 - lost()))
})

test('what onBatch throws comes out of drain, and later records are still there', () => {
  let failing = true
  const numbers: number[] = []
  using reader = new RingReader({
    maps: [object.map('urgent')],
    bufferBytes: 4096,
    wake: false,
    onBatch(buffer, bytes) {
      for (const record of records(buffer, bytes)) numbers.push(record.number)
      if (failing) throw new Error('on purpose')
    },
  })
  object.run('flood', order({ count: 100 }))
  expect(() => reader.drain()).toThrow('on purpose')
  expect(numbers).toEqual(upTo(39))
  failing = false
  expect(reader.drain()).toBe(61)
  expect(numbers).toEqual(upTo(100))
})

test('onBatch may close its reader', async () => {
  for (const wake of [true, false]) {
    let calls = 0
    const reader = new RingReader({
      maps: [object.map('urgent')],
      bufferBytes: 4096,
      wake,
      onBatch() {
        calls++
        reader.close()
      },
    })
    object.run('flood', order({ count: 1000 }))
    if (!wake) expect(reader.drain()).toBe(39)
    await until(() => calls > 0)
    expect(() => reader.drain()).toThrow(expect.objectContaining({ code: 'BPF_CLOSED' }))
    expect(calls).toBe(1)
  }
})

test('onBatch must not drain the reader that called it', () => {
  let refused: unknown
  using reader = new RingReader({
    maps: [object.map('urgent')],
    bufferBytes: 4096,
    wake: false,
    onBatch() {
      try {
        reader.drain()
      } catch (error) {
        refused = error
      }
    },
  })
  object.run('flood', order({ count: 1 }))
  reader.drain()
  expect(refused).toMatchObject({ code: 'BPF_RING_BUSY' })
})

test('a microtask of a wake-up may drain the reader and close it', async () => {
  const numbers: number[] = []
  let drained = Promise.resolve(-1)
  const reader = new RingReader({
    maps: [object.map('urgent')],
    bufferBytes: 4096,
    wake: true,
    onBatch(buffer, bytes) {
      for (const record of records(buffer, bytes)) numbers.push(record.number)
      if (numbers.length === 39) drained = Promise.resolve().then(() => reader.drain())
      if (numbers.length === 100) queueMicrotask(() => reader.close())
    },
  })
  object.run('flood', order({ count: 100 }))
  await until(() => numbers.length > 0)
  expect(await drained).toBe(61)
  expect(numbers).toEqual(upTo(100))
  expect(() => reader.drain()).toThrow(expect.objectContaining({ code: 'BPF_CLOSED' }))
})

test('a buffer that was transferred away is replaced', () => {
  const numbers: number[] = []
  using reader = new RingReader({
    maps: [object.map('urgent')],
    bufferBytes: 4096,
    wake: false,
    onBatch(buffer, bytes) {
      for (const record of records(buffer, bytes)) numbers.push(record.number)
      structuredClone(buffer.buffer, { transfer: [buffer.buffer as ArrayBuffer] })
    },
  })
  object.run('flood', order({ count: 200 }))
  reader.drain()
  expect(numbers).toEqual(upTo(200))
})

test('the object and its maps may be closed before the reader', () => {
  using seen = collect({ wake: false })
  object.run('flood', order({ count: 10 }))
  object.close()
  expect(seen.reader.drain()).toBe(10)
})

test('only ring buffers are read', () => {
  const options = { bufferBytes: 4096, wake: true, onBatch() {} }
  expect(() => new RingReader({ ...options, maps: [object.map('.bss')] })).toThrow(
    expect.objectContaining({ step: 'ring', code: 'BPF_RING', errnoName: 'EINVAL' }),
  )
  expect(() => new RingReader({ ...options, maps: [] })).toThrow(
    expect.objectContaining({ code: 'BPF_RING' }),
  )
  const map = object.map('urgent')
  map.close()
  expect(() => new RingReader({ ...options, maps: [map] })).toThrow(
    expect.objectContaining({ code: 'BPF_CLOSED' }),
  )
})

/** Floods `urgent` from worker threads, each with its own share of the numbers, and reads with wake-ups. */
async function flood(workers: number, options: { total: number; step: number; ahead: number }) {
  const share = 1_000_000_000
  const progress = upTo(workers).map(() => new Int32Array(new SharedArrayBuffer(4)))
  const next = upTo(workers).map(() => 0)
  let outOfOrder = 0
  let batches = 0
  using reader = new RingReader({
    maps: [object.map('urgent')],
    bufferBytes: 1 << 18,
    wake: true,
    onBatch(buffer, bytes) {
      batches++
      for (const { number } of records(buffer, bytes)) {
        const worker = Math.floor(number / share)
        if (number % share !== next[worker]) outOfOrder++
        next[worker] = (number % share) + 1
      }
      for (const [worker, read] of progress.entries()) {
        Atomics.store(read, 0, next[worker] ?? 0)
        Atomics.notify(read, 0)
      }
    },
  })
  const lost = await Promise.all(
    progress.map(async (read, index) => {
      const workerData: FloodOrder = {
        path: fixture('flood'),
        ring: object.map('urgent').id,
        first: index * share,
        progress: read,
        ...options,
      }
      const worker = new Worker(new URL('./flooder.ts', import.meta.url), { workerData })
      const exit = once(worker, 'exit')
      const [count] = (await once(worker, 'message')) as [number]
      await exit
      return count
    }),
  )
  await until(() => next.every((seen) => seen >= options.total))
  return { result: { lost, outOfOrder, seen: next, left: reader.drain() }, batches }
}

// A ring of 4 MiB holds 40,329 records of 104 bytes.
test('a million records of another thread, while this one reads: none lost, none doubled', async () => {
  const total = 1_000_000
  const { result, batches } = await flood(1, { total, step: 1000, ahead: 40_000 })
  expect(result).toEqual({ lost: [0], outOfOrder: 0, seen: [total], left: 0 })
  expect(batches).toBeLessThan(total / 10)
})

test('two threads write into one ring at once', async () => {
  const total = 300_000
  const { result } = await flood(2, { total, step: 100, ahead: 20_000 })
  expect(result).toEqual({ lost: [0, 0], outOfOrder: 0, seen: [total, total], left: 0 })
})

test('each of 20,000 single records wakes a reader that has nothing else to read', async () => {
  const { result } = await flood(1, { total: 20_000, step: 1, ahead: 1 })
  expect(result).toEqual({ lost: [0], outOfOrder: 0, seen: [20_000], left: 0 })
})

test('what onBatch throws behind a wake-up is an uncaught exception, and the next wake-up comes', () => {
  const child = spawnSync(
    process.execPath,
    [fileURLToPath(new URL('./thrower.ts', import.meta.url)), fixture('flood')],
    { encoding: 'utf8' },
  )
  expect(child.stderr).toBe('')
  expect(JSON.parse(child.stdout)).toEqual({
    caught: ['batch 1', 'batch 2'],
    numbers: upTo(150),
  })
})
