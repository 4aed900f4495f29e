import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { dropFilePages } from '../src/index.ts'

const residentFile = (): number =>
  Number(/^RssFile:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024

test('what was mapped of programs is given back, and used again when it is needed', () => {
  const before = residentFile()
  const dropped = dropFilePages()
  expect(dropped).toBeGreaterThan(10 << 20)
  expect(residentFile()).toBeLessThan(before - dropped / 2)
  expect(JSON.parse('{"a":[1]}')).toEqual({ a: [1] })
})
