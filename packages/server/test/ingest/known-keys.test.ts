import { expect, test } from 'vitest'
import { KeyTable } from '../../src/ingest/fold/key-table.ts'
import { hashKeyOf, keyedHash } from '../../src/ingest/fold/keyed-hash.ts'

const key = hashKeyOf(Buffer.from('0706050403020100', 'hex'))
const hashOf = (text: string, under = key) => keyedHash(under, text, { low: 0, high: 0 })

test('texts that differ a little have other hashes, and other ones under another key', () => {
  const texts = Array.from({ length: 50_000 }, (_, i) => `create 0 /w/node_modules/${i}\0`)
  const near = [
    '',
    '\0',
    '\0\0',
    'a',
    'aa',
    'aaa',
    'b',
    'a\0',
    '\u0100',
    'x'.repeat(128),
    'x'.repeat(256),
  ]
  const hashes = [...texts, ...near].map((text) => hashOf(text))
  const written = new Set(hashes.map(({ low, high }) => `${low} ${high}`))
  expect(written.size).toBe(texts.length + near.length)
  for (const half of ['low', 'high'] as const) {
    const bits = hashes.reduce((sum, hash) => sum + (hash[half] & 1), 0)
    expect(bits / hashes.length).toBeCloseTo(0.5, 1)
  }
  expect(hashOf('a', { ...key, k1: 1 })).not.toEqual(hashOf('a'))
})

test('a table of keys finds each of them, and none else, however many there are', () => {
  const table = new KeyTable()
  // All of them want the same slot.
  for (let n = 1; n <= 3000; n++) table.add({ low: 7, high: n }, n)
  for (let n = 1; n <= 20_000; n++) table.add(hashOf(String(n)), 3000 + n)
  expect(table.size).toBe(23_000)
  expect(table.slots).toBeLessThan(4 * table.size)
  for (let n = 1; n <= 3000; n++) expect(table.get({ low: 7, high: n })).toBe(n)
  for (let n = 1; n <= 20_000; n++) expect(table.get(hashOf(String(n)))).toBe(3000 + n)
  expect(table.get({ low: 7, high: 0 })).toBe(0)
  expect(table.get({ low: 8, high: 1 })).toBe(0)
})
