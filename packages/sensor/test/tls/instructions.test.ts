import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { returnsOf } from '../../src/tls/returns.ts'
import { lengthAt } from '../../src/tls/x86-length.ts'

test('instructions are as long as the disassembler says, all of this node’s C library', () => {
  const library = '/usr/lib/x86_64-linux-gnu/libc.so.6'
  const text = execFileSync('objdump', ['-d', '-w', '-j', '.text', library], {
    encoding: 'latin1',
    maxBuffer: 1 << 30,
  })
  const wrong: string[] = []
  let count = 0
  for (const [line, bytes = ''] of text.matchAll(/^ *[0-9a-f]+:\t((?:[0-9a-f]{2} )+).*$/gm)) {
    const code = Buffer.from(bytes.replaceAll(' ', ''), 'hex')
    count++
    if (lengthAt(code, 0) !== code.length) wrong.push(line)
  }
  expect(wrong).toEqual([])
  expect(count).toBeGreaterThan(200_000)
})

const code = (...bytes: number[]): Buffer => Buffer.from(bytes)

test.each([
  ['a return', code(0x90, 0xc3), [1]],
  ['a byte of an operand that looks like one', code(0xb8, 0xc3, 0xc3, 0xc3, 0xc3, 0xc3), [5]],
  ['two, with what fills the space behind', code(0xc3, 0x48, 0x89, 0xc3, 0xc3, 0xcc, 0xcc), [0, 4]],
  ['an instruction that is none', code(0x06, 0xc3), undefined],
  ['an instruction that is cut', code(0xc3, 0xb8, 0x01), undefined],
  ['prefixes without end', Buffer.alloc(64, 0x66), undefined],
])('returns of x86-64: %s', (_, bytes, expected) => {
  expect(returnsOf(bytes, 'x64')).toEqual(expected)
})

test('returns of arm64', () => {
  expect(returnsOf(code(0x1f, 0x20, 0x03, 0xd5, 0xc0, 0x03, 0x5f, 0xd6), 'arm64')).toEqual([4])
})
