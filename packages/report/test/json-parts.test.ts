import { expect, test } from 'vitest'
import { jsonParts } from '../src/json-parts.ts'

const long = Array.from({ length: 1234 }, (_, index) => ({ index, text: `"${index}\n` }))

test.each<[string, object]>([
  ['an empty object', {}],
  ['members of every kind', { a: 1, b: 'x"y', c: null, d: true, e: { f: [] }, g: [] }],
  ['undefined members are left out', { a: undefined, b: 1, c: undefined }],
  ['long lists', { before: [1], long, after: long.slice(0, 500), last: long.slice(0, 501) }],
])('the parts of %s are what JSON.stringify makes', (_, value) => {
  expect([...jsonParts(value)].join('')).toBe(JSON.stringify(value))
})

test('no part holds a whole long list', () => {
  const parts = [...jsonParts({ long })]
  expect(Math.max(...parts.map((part) => part.length))).toBeLessThan(
    JSON.stringify(long).length / 2,
  )
})
