import { once } from 'node:events'
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

/** A reader of `urgent` and `bulk` that takes the numbers of the records for time stamps. */
function merge(options: { wake?: boolean; bufferBytes?: number } = {}) {
  const numbers: number[] = []
  const batches: number[][] = []
  const reader = new RingReader({
    maps: [object.map('urgent'), object.map('bulk')],
    bufferBytes: options.bufferBytes ?? 1 << 16,
    timeAt: 0,
    wake: options.wake ?? false,
    onBatch(buffer, bytes, count) {
      const batch = [...records(buffer, bytes)].map(({ number }) => number)
      expect(batch.length).toBe(count)
      batches.push(batch)
      numbers.push(...batch)
    },
  })
  return { reader, numbers, batches, [Symbol.dispose]: () => reader.close() }
}

function flood(first: number, count: number, bulk: boolean, discardEvery = 0): void {
  object.run('flood', order({ first, count, bulk, discardEvery }))
}

function upTo(count: number, first = 0): number[] {
  return Array.from({ length: count }, (_, i) => first + i)
}

/** Resolves as soon as the condition holds; looked at behind every turn of the event loop. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

test('records of two rings come by their stamps', () => {
  using seen = merge()
  for (let i = 0; i < 300; i++) flood(i * 10, 10, i % 3 !== 0)
  expect(seen.reader.drain()).toBe(3000)
  expect(seen.numbers).toEqual(upTo(3000))
})

test('so they do over many batches and the ends of the rings, without those that were discarded', () => {
  using seen = merge({ bufferBytes: 4096 })
  const total = 400_000
  for (let first = 0; first < total; first += 20_000) {
    for (let i = 0; i < 20_000; i += 1000) flood(first + i, 1000, i % 3000 !== 0, 4)
    seen.reader.drain()
  }
  // Each run of 1,000 discards its first record, and each fourth from there on.
  expect(seen.numbers).toEqual(upTo(total).filter((n) => n % 4 !== 0))
})

test('records that were reserved in another order than stamped are sorted', () => {
  using seen = merge()
  flood(30, 10, true)
  flood(10, 10, true)
  flood(20, 10, false)
  flood(0, 10, false)
  seen.reader.drain()
  expect(seen.numbers).toEqual(upTo(40))
})

test('the ring that has no more does not hold up the other', () => {
  using seen = merge()
  flood(100, 5, false)
  seen.reader.drain()
  flood(50, 5, true)
  seen.reader.drain()
  expect(seen.numbers).toEqual([...upTo(5, 100), ...upTo(5, 50)])
})

test('look delivers one batch, and a reader that wakes the rest, one in each turn of the event loop', async () => {
  using seen = merge({ wake: true, bufferBytes: 4096 })
  flood(0, 1000, true)
  // Nobody wakes for these.
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(seen.batches).toEqual([])
  // A record is 104 bytes here: 39 of them in 4,096 bytes.
  expect(seen.reader.look()).toBe(39)
  const turns: number[] = []
  await until(() => {
    if (seen.batches.length !== turns.at(-1)) turns.push(seen.batches.length)
    return seen.numbers.length >= 1000
  })
  expect(seen.numbers).toEqual(upTo(1000))
  expect(Math.max(...turns.map((turn, i) => turn - (turns[i - 1] ?? 0)))).toBe(1)
})

test('what comes into the other ring while records are handed over waits for the next look', async () => {
  const numbers: number[] = []
  using reader = new RingReader({
    maps: [object.map('urgent'), object.map('bulk')],
    bufferBytes: 1 << 16,
    timeAt: 0,
    wake: true,
    onBatch(buffer, bytes) {
      if (numbers.length === 0) flood(10, 5, true)
      for (const { number } of records(buffer, bytes)) numbers.push(number)
    },
  })
  flood(0, 10, true)
  expect(reader.look()).toBe(10)
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(numbers).toEqual(upTo(10))
  expect(reader.look()).toBe(5)
  expect(numbers).toEqual(upTo(15))
})

test('what is urgent comes behind all that was before it, and wakes', async () => {
  using seen = merge({ wake: true })
  flood(0, 20_000, true)
  flood(20_000, 1, false)
  await until(() => seen.numbers.at(-1) === 20_000)
  expect(seen.numbers).toEqual(upTo(20_001))
})

test('the first ring is read alone while it is about to overflow', () => {
  using seen = merge()
  flood(0, 100, true)
  // The ring of 4 MiB holds 40,329.
  flood(100, 40_000, false)
  seen.reader.look()
  expect(seen.numbers[0]).toBe(100)
  seen.reader.drain()
  expect(seen.numbers.toSorted((a, b) => a - b)).toEqual(upTo(40_100))
  // Not longer than that: what came before stands before the rest.
  expect(seen.numbers.indexOf(99)).toBeLessThan(20_000)
})

test('of two threads that write into both rings at once, what one wrote comes in its order', async () => {
  const total = 200_000
  const share = 1_000_000_000
  const progress = [0, 1].map(() => new Int32Array(new SharedArrayBuffer(4)))
  const next = [0, 0]
  let swapped = 0
  using reader = new RingReader({
    maps: [object.map('urgent'), object.map('bulk')],
    bufferBytes: 1 << 16,
    timeAt: 8,
    wake: true,
    onBatch(buffer, bytes) {
      for (const { number } of records(buffer, bytes)) {
        const worker = Math.floor(number / share)
        if (number % share !== next[worker]) swapped++
        next[worker] = (number % share) + 1
      }
      for (const [worker, read] of progress.entries()) {
        Atomics.store(read, 0, next[worker] ?? 0)
        Atomics.notify(read, 0)
      }
    },
  })
  const timer = setInterval(() => reader.look(), 1)
  const workers = progress.map((read, index) => {
    const workerData: FloodOrder = {
      path: fixture('flood'),
      ring: object.map('urgent').id,
      bulk: object.map('bulk').id,
      first: index * share,
      progress: read,
      total,
      step: 50,
      ahead: 10_000,
    }
    return new Worker(new URL('./flooder.ts', import.meta.url), { workerData })
  })
  const lost = await Promise.all(
    workers.map(async (worker) => {
      const exit = once(worker, 'exit')
      const [count] = (await once(worker, 'message')) as [number]
      await exit
      return count
    }),
  )
  clearInterval(timer)
  reader.drain()
  expect({ lost, swapped, next }).toEqual({ lost: [0, 0], swapped: 0, next: [total, total] })
})
