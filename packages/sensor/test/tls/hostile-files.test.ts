import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { planProbes } from '../../src/tls/probes.ts'
import { UnreadableFile } from '../../src/tls/window.ts'
import { buildGo } from './captured.ts'

const folder = mkdtempSync(join(tmpdir(), 'runwarden-hostile-'))
const path = join(folder, 'file')
let goClient: Buffer
beforeAll(() => {
  goClient = readFileSync(buildGo(folder, 'post'))
}, 600_000)
afterAll(() => rmSync(folder, { recursive: true }))

/** What is planned for such a file: a library, nothing, or why it cannot be looked into. */
function outcome(content: Buffer): string {
  writeFileSync(path, content)
  const fd = openSync(path, 'r')
  try {
    return planProbes(fd)?.library ?? 'nothing'
  } catch (error) {
    if (error instanceof UnreadableFile) return error.message
    throw error
  } finally {
    closeSync(fd)
  }
}

/** Numbers that are the same in every run (mulberry32). */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

test.each([
  ['openssl', () => readFileSync('/usr/lib/x86_64-linux-gnu/libssl.so.3')],
  ['go', () => goClient],
])(
  'a file of %s whose tables are changed at random never does more than be refused',
  (library, read) => {
    const original = read()
    expect(outcome(original)).toBe(library)
    const sections = Number(original.readBigUInt64LE(40))
    const table = original.indexOf(Buffer.from('f1ffffff00000108', 'hex'))
    const places = [0, 64, sections, ...(table > 0 ? [table] : [])]
    const random = randomNumbers(4)
    for (let round = 0; round < 400; round++) {
      const content = Buffer.from(original)
      for (let i = 0; i <= random(6); i++) {
        const place = places[random(places.length)] ?? 0
        const at = Math.min(place + random(512), content.length - 8)
        const extreme = [
          0n,
          1n,
          0xffffffffffffffffn,
          0x7fffffffffffffffn,
          BigInt(content.length),
          0x100000000n,
        ][random(6)]
        if (random(2) === 0) content[at] = random(256)
        else content.writeBigUInt64LE(extreme ?? 0n, at - (at % 8))
      }
      outcome(content.subarray(0, random(4) === 0 ? random(content.length) : content.length))
    }
  },
)

test('a table of names with one name a million times is looked at in bounded memory', () => {
  const original = readFileSync('/usr/lib/x86_64-linux-gnu/libssl.so.3')
  const names = Buffer.from('\0SSL_read\0SSL_write'.repeat(1_000_000))
  const content = Buffer.concat([original, names])
  const sections = Number(content.readBigUInt64LE(40))
  for (let i = 0; i < content.readUInt16LE(60); i++) {
    const at = sections + i * 64
    if (content.readUInt32LE(at + 4) !== 3) continue
    content.writeBigUInt64LE(BigInt(original.length), at + 24)
    content.writeBigUInt64LE(BigInt(names.length), at + 32)
  }
  const before = process.memoryUsage().heapUsed
  outcome(content)
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(50 << 20)
})

test.each([
  ['an empty file', Buffer.alloc(0), 'nothing'],
  ['a script', Buffer.from('#!/bin/sh\necho SSL_write\n'), 'nothing'],
  [
    'no more than a header',
    Buffer.from('7f454c460201010000000000000000000300b700', 'hex'),
    'nothing',
  ],
])('%s has no TLS', (_, content, expected) => {
  expect(outcome(content)).toBe(expected)
})
