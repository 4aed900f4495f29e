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

/** Of files, KiB that are our own where nobody may write. */
const own = (): number =>
  readFileSync('/proc/self/smaps', 'utf8')
    .split(/^(?=[0-9a-f]+-)/m)
    .filter((mapping) => /^\S+ r-.p .*\//.test(mapping))
    .reduce((sum, mapping) => sum + Number(/^Anonymous:\s+(\d+)/m.exec(mapping)?.[1] ?? 0), 0)

test('pages of our own stay: relocated constants, and where the kernel put something in', () => {
  dropFilePages()
  const before = own()
  expect(before).toBeGreaterThan(0)
  dropFilePages()
  expect(own()).toBe(before)
})
