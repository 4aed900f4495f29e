import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { availableParallelism } from 'node:os'
import { readFileSync } from 'node:fs'
import { type BpfObject, BpfError, openMapById, openObject } from '../src/index.ts'
import { fixture, u32, u64, u64s } from './fixtures.ts'

let object: BpfObject
beforeAll(() => {
  object = openObject(fixture('maps'), { disable: ['on_open'] })
  object.load()
})
afterAll(() => object.close())

function upTo(count: number, first = 0): number[] {
  return Array.from({ length: count }, (_, i) => first + i)
}

function prefix(length: number, ...address: number[]): Buffer {
  return Buffer.concat([u32(length), Buffer.from(address)])
}

function numbers(entries: Iterable<[Buffer, Buffer]>): [number, number][] {
  return [...entries]
    .map(([key, value]): [number, number] => [
      Number(key.readBigUInt64LE()),
      Number(value.readBigUInt64LE()),
    ])
    .sort((a, b) => a[0] - b[0])
}

test('of an array that can be mapped, the entries that are used are found', () => {
  const seats = object.map('seats')
  expect(seats.used()).toEqual({ keys: Buffer.alloc(0), values: Buffer.alloc(0), count: 0 })
  const values = [7, 999].map((at) => Buffer.concat([u64(at), u32(at + 1), u32(0)]))
  seats.set(u32(7), values[0]!)
  seats.set(u32(8), Buffer.concat([u64(0), u64(8)]))
  seats.set(u32(999), values[1]!)
  expect(seats.used()).toEqual({
    keys: Buffer.concat([u32(7), u32(999)]),
    values: Buffer.concat(values),
    count: 2,
  })
  expect(() => object.map('array').used()).toThrow(expect.objectContaining({ step: 'map' }))
})

describe.each(['hash', 'lru'])('a map of type %s', (name) => {
  test('gives back what was set, and not what was deleted', () => {
    const map = object.map(name)
    expect(map.get(u64(1))).toBeUndefined()
    map.set(u64(1), u64(42))
    expect(map.get(u64(1))).toEqual(u64(42))
    expect([map.delete(u64(1)), map.delete(u64(1))]).toEqual([true, false])
    expect(map.get(u64(1))).toBeUndefined()
  })

  test('takes, lists and deletes batches', () => {
    const map = object.map(name)
    const keys = upTo(3000)
    map.setBatch(u64s(keys), u64s(keys.map((key) => key * 2)), 3000)
    expect(numbers(map.entries())).toEqual(keys.map((key) => [key, key * 2]))
    // Every second of these is not there.
    const some = upTo(2000, 2000)
    expect(map.deleteBatch(u64s(some), 2000)).toBe(1000)
    expect(numbers(map.entries()).length).toBe(2000)
    expect(map.deleteBatch(u64s(upTo(2000)), 2000)).toBe(2000)
    expect([...map.entries()]).toEqual([])
  })

  test('gives many entries at a time, one after the other', () => {
    const map = object.map(name)
    map.setBatch(u64s(upTo(2500)), u64s(upTo(2500)), 2500)
    const batches = [...map.batches()]
    expect(batches.length).toBeLessThan(20)
    expect(batches.map(({ keys }) => keys.length / 8)).toEqual(batches.map(({ count }) => count))
    const all = Buffer.concat(batches.map(({ keys }) => keys))
    expect(all.equals(Buffer.concat(batches.map(({ values }) => values)))).toBe(true)
    expect(batches.reduce((sum, { count }) => sum + count, 0)).toBe(2500)
    map.clear()
  })

  test('is empty after it was cleared', () => {
    const map = object.map(name)
    map.clear()
    map.setBatch(u64s(upTo(2500)), u64s(upTo(2500)), 2500)
    map.clear()
    expect([...map.entries()]).toEqual([])
  })

  test('is empty after its entries were taken', () => {
    const map = object.map(name)
    map.setBatch(u64s(upTo(2500)), u64s(upTo(2500)), 2500)
    expect(numbers(map.take())).toEqual(upTo(2500).map((i) => [i, i]))
    expect([...map.entries()]).toEqual([])
  })
})

test('flags decide whether a key must or must not be there', () => {
  const map = object.map('hash')
  const BPF_NOEXIST = 1
  const BPF_EXIST = 2
  expect(() => map.set(u64(7), u64(1), BPF_EXIST)).toThrow(/ENOENT/)
  map.set(u64(7), u64(1), BPF_NOEXIST)
  expect(() => map.set(u64(7), u64(1), BPF_NOEXIST)).toThrow(/EEXIST/)
  map.delete(u64(7))
})

test('a full map refuses with E2BIG, and keeps what came before', () => {
  using small = openObject(fixture('maps'), { disable: ['on_open'], maxEntries: { hash: 10 } })
  small.load()
  const map = small.map('hash')
  expect(() => map.setBatch(u64s(upTo(11)), u64s(upTo(11)), 11)).toThrow(
    expect.objectContaining({ code: 'BPF_MAP', errnoName: 'E2BIG' }),
  )
  expect(numbers(map.entries()).map(([key]) => key)).toEqual(upTo(10))
})

test('deleting some keys that are missing passes over them, wherever they stand', () => {
  const map = object.map('hash')
  for (const there of [[], [0], [9], [0, 9], [1, 2, 3], [4, 6, 8]]) {
    for (const key of there) map.set(u64(key), u64(0))
    expect(map.deleteBatch(u64s(upTo(10)), 10)).toBe(there.length)
    expect([...map.entries()]).toEqual([])
  }
})

test('a per-CPU value has a slot of 8 bytes for each possible CPU', () => {
  const possible = readFileSync('/sys/devices/system/cpu/possible', 'utf8').trim()
  const cpus = Number(possible.split('-').at(-1)) + 1
  expect(cpus).toBeGreaterThanOrEqual(availableParallelism())
  const value = Buffer.concat(upTo(cpus, 1).map(u64))
  for (const [name, key] of [
    ['counters', u32(2)],
    ['percpu', u64(2)],
  ] as const) {
    const map = object.map(name)
    expect(map.valueSize).toBe(4)
    map.set(key, value)
    expect(map.get(key)).toEqual(value)
    expect([...map.entries()].find(([k]) => k.equals(key))?.[1]).toEqual(value)
  }
})

test('prefixes are set, found and listed', () => {
  const map = object.map('prefixes')
  const keys = Buffer.concat([prefix(8, 10, 0, 0, 0), prefix(24, 192, 0, 2, 0)])
  map.setBatch(keys, Buffer.concat([u32(1), u32(2)]), 2)
  expect(map.get(prefix(32, 192, 0, 2, 77))).toEqual(u32(2))
  expect(map.get(prefix(32, 192, 0, 3, 77))).toBeUndefined()
  expect(
    [...map.entries()].map(([k, v]) => `${k.toString('hex')} ${v.readUInt32LE()}`).sort(),
  ).toEqual(['080000000a000000 1', '18000000c0000200 2'])
  expect(map.deleteBatch(keys, 2)).toBe(2)
})

test('prefixes are cleared, however many there are', () => {
  using large = openObject(fixture('maps'), {
    disable: ['on_open'],
    maxEntries: { prefixes: 5000 },
  })
  large.load()
  const map = large.map('prefixes')
  const keys = upTo(5000).map((i) => prefix(i % 2 === 0 ? 32 : 24, 10, i >> 8, i & 255, 0))
  map.setBatch(Buffer.concat(keys), Buffer.concat(keys.map((_, i) => u32(i))), keys.length)
  expect([...map.entries()]).toHaveLength(5000)
  map.clear()
  expect([...map.entries()]).toEqual([])
})

test('an array lists all of its entries', () => {
  expect([...object.map('array').entries()].map(([key]) => key.readUInt32LE())).toEqual(upTo(16))
})

test('keys and values of another size are refused, never read past their end', () => {
  const map = object.map('hash')
  const cases: [string, () => unknown][] = [
    ['BPF_KEY_SIZE', () => map.get(Buffer.alloc(7))],
    ['BPF_KEY_SIZE', () => map.get(Buffer.alloc(9))],
    ['BPF_KEY_SIZE', () => map.set(Buffer.alloc(4), u64(1))],
    ['BPF_VALUE_SIZE', () => map.set(u64(1), Buffer.alloc(4))],
    ['BPF_KEY_SIZE', () => map.delete(Buffer.alloc(0))],
    ['BPF_KEY_SIZE', () => map.setBatch(Buffer.alloc(15), Buffer.alloc(16), 2)],
    ['BPF_VALUE_SIZE', () => map.setBatch(Buffer.alloc(16), Buffer.alloc(15), 2)],
    ['BPF_KEY_SIZE', () => map.deleteBatch(Buffer.alloc(8), 2)],
    ['BPF_KEY_SIZE', () => map.deleteBatch(Buffer.alloc(8), 0xffffffff)],
  ]
  for (const [code, act] of cases) {
    expect(act).toThrow(BpfError)
    expect(act).toThrow(expect.objectContaining({ step: 'map', code, errnoName: 'EINVAL' }))
  }
})

test('a view into a larger buffer is read at its own offset', () => {
  const map = object.map('hash')
  const backing = new Uint8Array(64).fill(0xee)
  backing.set(u64(5), 16)
  map.set(backing.subarray(16, 24), u64(55))
  expect(map.get(u64(5))).toEqual(u64(55))
  map.delete(u64(5))
})

test('what is no Uint8Array is a TypeError', () => {
  const map = object.map('hash')
  const wrong = [undefined, null, 1, 'text', new ArrayBuffer(8), new Float64Array(1), {}]
  for (const key of wrong) {
    expect(() => map.get(key as unknown as Uint8Array)).toThrow(TypeError)
  }
})

test('a map is opened by its id, and tells the same', () => {
  const map = object.map('hash')
  using again = openMapById(map.id)
  again.set(u64(3), u64(33))
  expect(map.get(u64(3))).toEqual(u64(33))
  expect([again.name, again.keySize, again.valueSize, again.maxEntries]).toEqual([
    'hash',
    8,
    8,
    10000,
  ])
  map.delete(u64(3))
})

test('an id that no map has is told', () => {
  expect(() => openMapById(0x7fffffff)).toThrow(
    expect.objectContaining({ code: 'BPF_NO_MAP', errnoName: 'ENOENT' }),
  )
})
